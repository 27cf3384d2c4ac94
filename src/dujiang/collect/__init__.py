"""Reach 1 of the river: everything that happens in every channel comes in, is checked, and is kept."""
