"""How the content of a dead letter is shown: readable, and without personal data unless it is asked for."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from lead_qualifier.client.dead_letters import REPLAYED_FROM

MASK = "•••"
Kind = Literal["json", "text", "base64"]

#: Headers that say what kind of record it is, and nothing about a person.
_PLAIN_HEADERS = frozenset({"content-type", "ce_specversion", "ce_type", "ce_source", "ce_time", REPLAYED_FROM})


@dataclass(frozen=True, slots=True)
class ShownContent:
    """Bytes as text. `text` None: it is hidden, because nothing in it is known to be harmless."""

    kind: Kind
    text: str | None


def shown_value(value: bytes, *, masked: bool) -> ShownContent:
    """A value. JSON is laid out; masked, it keeps its fields and loses what they hold."""
    try:
        value.decode()
        laid_out = msgspec.json.format(value, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _plain(value, masked=masked)
    if not masked:
        return ShownContent("json", laid_out)
    try:
        return ShownContent("json", json.dumps(_masked(json.loads(value)), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        return ShownContent("json", None)


def shown_header(name: str, content: bytes, *, masked: bool) -> ShownContent:
    """The content of a header."""
    return _plain(content, masked=masked and name.lower() not in _PLAIN_HEADERS)


def as_text(content: bytes) -> tuple[Kind, str]:
    """Bytes as they are where they are text, else in base64."""
    try:
        return "text", content.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(content).decode()


def _plain(content: bytes, *, masked: bool) -> ShownContent:
    kind, text = as_text(content)
    return ShownContent(kind, None if masked else text)


def _masked(value: Any) -> Any:
    match value:
        case dict():
            return {name: _masked(inner) for name, inner in value.items()}
        case list():
            return [_masked(inner) for inner in value]
        case None:
            return None
        case _:
            return MASK
