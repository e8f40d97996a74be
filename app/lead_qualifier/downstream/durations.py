"""Durations as people write them in definitions: `15m`, `24h`, `30d`."""

from __future__ import annotations

from datetime import timedelta

from lead_qualifier.messages.model_definition import duration_of as duration

__all__ = ["duration", "milliseconds"]


def milliseconds(text: str) -> int:
    """The same in milliseconds."""
    return duration(text) // timedelta(milliseconds=1)
