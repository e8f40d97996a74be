"""Cursors: where a list continues. They are opaque to clients and hold a position only."""

from __future__ import annotations

import base64
import json
from typing import Any

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.read_model.audit_trail import TrailPosition
from lead_qualifier.console.read_model.dead_letters import LetterPosition
from lead_qualifier.console.read_model.qualification_reader import QualificationPosition
from lead_qualifier.console.read_model.reader import Position

#: No database holds a larger integer.
_LARGEST = 2**63 - 1
_MALFORMED = (ValueError, TypeError, RecursionError, OverflowError)


def cursor_of(position: Position) -> str:
    """The cursor of the leads that come after this position."""
    rank, lead_id = position
    return _encoded([rank, base64.b64encode(lead_id).decode()])


def position_of(cursor: str) -> Position:
    """The position that a cursor of leads stands for. Raises InvalidParameter."""
    try:
        rank, lead_id = _decoded(cursor)
        return _number(rank), base64.b64decode(lead_id, validate=True)
    except _MALFORMED as error:
        raise _refusal() from error


def qualification_cursor_of(position: QualificationPosition) -> str:
    """The cursor of the qualifications that come after this one in a list."""
    return _encoded(list(position))


def qualification_position_of(cursor: str) -> QualificationPosition:
    """The position that such a cursor stands for. Raises InvalidParameter."""
    try:
        written, partition, offset = map(_number, _decoded(cursor))
    except _MALFORMED as error:
        raise _refusal() from error
    return written, partition, offset


def trail_cursor_of(position: TrailPosition) -> str:
    """The cursor of the outcomes that come before this one on the audit trails."""
    return _encoded(list(position))


def trail_position_of(cursor: str) -> TrailPosition:
    """The position that such a cursor stands for. Raises InvalidParameter."""
    try:
        time_ms, topic, offset = _decoded(cursor)
        return _number(time_ms), _name(topic), _number(offset)
    except _MALFORMED as error:
        raise _refusal() from error


def letter_cursor_of(position: LetterPosition) -> str:
    """The cursor of the dead letters that come before this one."""
    return _encoded(list(position))


def letter_position_of(cursor: str) -> LetterPosition:
    """The position that such a cursor stands for. Raises InvalidParameter."""
    try:
        time_ms, topic, partition, offset = _decoded(cursor)
        return _number(time_ms), _name(topic), _number(partition), _number(offset)
    except _MALFORMED as error:
        raise _refusal() from error


def _encoded(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> Any:
    return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))


def _number(part: Any) -> int:
    number = int(part)
    if not -_LARGEST <= number <= _LARGEST:
        raise OverflowError
    return number


def _name(part: Any) -> str:
    if not isinstance(part, str) or "\0" in part:  # which no PostgreSQL takes
        raise TypeError(part)
    return part.encode().decode()


def _refusal() -> InvalidParameter:
    return InvalidParameter("is not a cursor of this list: begin without one", parameter="cursor")
