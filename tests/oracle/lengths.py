"""Durations in definitions, such as 30d."""

from __future__ import annotations

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def milliseconds(text: str) -> int:
    """In milliseconds."""
    return int(text[:-1]) * _UNITS[text[-1]]
