"""Segments: groups of people, each described by a tree of conditions and kept up to date by every refresh."""
