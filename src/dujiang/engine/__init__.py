"""Answers: derived tables, how they are refreshed, and sorted timelines. Everything here can be deleted and rebuilt."""
