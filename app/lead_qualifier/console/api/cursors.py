"""Cursors: where a list continues. They are opaque to clients and hold a position only."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.read_model.audit_trail import TrailPosition
from lead_qualifier.console.read_model.dead_letters import LetterPosition
from lead_qualifier.console.read_model.lead_search import Position
from lead_qualifier.console.read_model.qualification_reader import QualificationPosition

T = TypeVar("T")

#: No database holds a larger integer.
_LARGEST = 2**63 - 1


def page_of(found: Sequence[T], limit: int, cursor: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """The page, and the cursor of the next one if there is more. `found`: up to one more than `limit`."""
    shown = found[:limit]
    return shown, cursor(shown[-1]) if len(found) > limit else None


def cursor_of(position: Position) -> str:
    """The cursor of the leads that come after this position."""
    rank, lead_id = position
    return _encoded(rank, base64.b64encode(lead_id).decode())


def position_of(cursor: str) -> Position:
    """The position that a cursor of leads stands for. Raises InvalidParameter."""
    rank, lead_id = _decoded(cursor, _number, _bytes)
    return rank, lead_id


def qualification_cursor_of(position: QualificationPosition) -> str:
    """The cursor of the qualifications that come after this one in a list."""
    return _encoded(*position)


def qualification_position_of(cursor: str) -> QualificationPosition:
    """The position that such a cursor stands for. Raises InvalidParameter."""
    written, partition, offset = _decoded(cursor, _number, _number, _number)
    return written, partition, offset


def trail_cursor_of(position: TrailPosition) -> str:
    """The cursor of the outcomes that come before this one on the audit trails."""
    return _encoded(*position)


def trail_position_of(cursor: str) -> TrailPosition:
    """The position that such a cursor stands for. Raises InvalidParameter."""
    time_ms, topic, offset = _decoded(cursor, _number, _name, _number)
    return time_ms, topic, offset


def letter_cursor_of(position: LetterPosition) -> str:
    """The cursor of the dead letters that come before this one."""
    return _encoded(*position)


def letter_position_of(cursor: str) -> LetterPosition:
    """The position that such a cursor stands for. Raises InvalidParameter."""
    time_ms, topic, partition, offset = _decoded(cursor, _number, _name, _number, _number)
    return time_ms, topic, partition, offset


def place_of(cursor: str) -> int:
    """The place among the waiting leads that such a cursor stands for. Raises InvalidParameter."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise _refusal()
    return int(cursor)


def _encoded(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _decoded(cursor: str, *forms: Callable[[Any], Any]) -> list[Any]:
    """The parts of a cursor. `forms`: what reads each. Raises InvalidParameter."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return [form(part) for form, part in zip(forms, json.loads(text), strict=True)]
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise _refusal() from error


def _number(part: Any) -> int:
    number = int(part)
    if not -_LARGEST <= number <= _LARGEST:
        raise OverflowError
    return number


def _name(part: Any) -> str:
    if not isinstance(part, str) or "\0" in part:  # which no PostgreSQL takes
        raise TypeError(part)
    return part.encode().decode()


def _bytes(part: Any) -> bytes:
    return base64.b64decode(part, validate=True)


def _refusal() -> InvalidParameter:
    return InvalidParameter("is not a cursor of this list: begin without one", parameter="cursor")
