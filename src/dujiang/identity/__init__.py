"""Reach 2 of the river: which identifiers belong to one person, and why."""
