"""Durations as people write them in definitions, settings and files: `15m`, `24h`, `30d`."""

from __future__ import annotations

from datetime import timedelta

#: The units by their letter, from the shortest to the longest.
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_duration(text: str) -> timedelta:
    """The duration of a text of the right form: digits and one of s, m, h, d, w."""
    return int(text[:-1]) * _UNITS[text[-1]]


def parse_milliseconds(text: str) -> int:
    """The same in milliseconds."""
    return parse_duration(text) // timedelta(milliseconds=1)


def duration_text(duration: timedelta) -> str:
    """`30d` for thirty days: in the largest unit that leaves no remainder; fractions of a second are dropped."""
    for unit, length in reversed(_UNITS.items()):
        if not duration % length and duration:
            return f"{duration // length}{unit}"
    return f"{duration // _UNITS['s']}s"
