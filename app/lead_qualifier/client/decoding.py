"""Decodes what is on topics to which others may have written anything: what is not ours is None."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

#: What code that reads an event may raise if the event has another form than ours; any writer can send one.
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def decode_or_none(decode: Callable[[bytes], T], value: bytes | None) -> T | None:
    """The decoded value; None where it is no record of ours, which the services report."""
    try:
        return decode(value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def decode_event(value: bytes | None, fields: Collection[str] = ()) -> dict[str, Any] | None:
    """The JSON object in a record's value; None if there is none, or if it lacks one of the fields."""
    event = decode_or_none(json.loads, value)
    return event if isinstance(event, dict) and all(name in event for name in fields) else None
