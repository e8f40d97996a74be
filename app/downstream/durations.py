"""Durations as people write them in definitions: `15m`, `24h`, `30d`."""

from __future__ import annotations

from datetime import timedelta

from app.contracts.model_definition import UNITS


def duration(text: str) -> timedelta:
    """What a text of the form of `Duration` says."""
    length: timedelta = int(text[:-1]) * UNITS[text[-1]]
    return length


def milliseconds(text: str) -> int:
    """The same in milliseconds."""
    return duration(text) // timedelta(milliseconds=1)
