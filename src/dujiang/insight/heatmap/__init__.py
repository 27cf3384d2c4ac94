"""Heat maps: where people click on a page, how far they scroll, and which of its modules they look at."""
