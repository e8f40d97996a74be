"""How progress is told."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Told what was just done or is about to be: a line each time."""
