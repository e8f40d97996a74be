"""Sequences: which step is to be taken when for a connected lead."""
