"""Sequences: which step is due when for a connected lead."""
