"""Decodes events of ours from topics to which others may have written anything."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any


def decode_event(value: bytes | None, fields: Collection[str] = ()) -> dict[str, Any] | None:
    """The JSON object in a record's value; None if there is none, or if it lacks one of the fields."""
    try:
        event = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None  # no record of ours
    return event if isinstance(event, dict) and all(name in event for name in fields) else None
