"""Cursors: where a list continues. They are opaque to clients and hold a position only."""

from __future__ import annotations

import base64
import json

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.read_model.reader import Position

#: No database holds a larger integer.
_LARGEST = 2**63 - 1


def cursor_of(position: Position) -> str:
    """The cursor of what comes after this position."""
    rank, lead_id = position
    parts = [rank, base64.b64encode(lead_id).decode()]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """The position that a cursor stands for. Raises InvalidParameter."""
    try:
        rank, lead_id = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        position = int(rank), base64.b64decode(lead_id, validate=True)
        if not -_LARGEST <= position[0] <= _LARGEST:
            raise OverflowError(rank)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InvalidParameter("is not a cursor of this list: begin without one", parameter="cursor") from error
    return position
