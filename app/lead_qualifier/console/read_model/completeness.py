"""From when on the projection holds all records of a topic: retention may have deleted older ones unread."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from lead_qualifier.console.read_model.tables import positions
from lead_qualifier.messages.topics import Topic
from lead_qualifier.qualification.utc import from_milliseconds


def held_from(connection: Connection, *topics: Topic) -> datetime | None:
    """The time from which on all records of these topics are held; None: all that there ever were."""
    names = tuple(one.name for one in topics)
    found = connection.execute(select(positions.c.topic, positions.c.held_from_ms)).all()
    times_ms = [one.held_from_ms for one in found if one.topic.endswith(names) and one.held_from_ms is not None]
    return from_milliseconds(max(times_ms)) if times_ms else None
