"""Content: what each item is worth to those who read it, how sure that is, and how steadily items come out."""
