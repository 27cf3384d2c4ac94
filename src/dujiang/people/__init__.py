"""People as a brand sees them: lists, and one page for each person over all channels."""
