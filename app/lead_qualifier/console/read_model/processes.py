"""Which processes keep the projection up to date. While one does, none with other settings begins it again."""

from __future__ import annotations

import time
import uuid

from sqlalchemy import Connection, Row, delete, select

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import processes

#: A process that was not seen for longer has ended without a word. Making the indexes of a large table takes a while.
_SILENT_MS = 60_000


class UsedOtherwise(Exception):
    """A process with other settings keeps the projection up to date; the message says what to do."""


class Process:
    """This process, among those that keep the projection up to date."""

    def __init__(self, database: Database, *, topics: str, name_attributes: str) -> None:
        """`topics`, `name_attributes`: what it projects, as the table `projection` has them."""
        self._database = database
        self._id = uuid.uuid4().hex
        self._topics, self._names = topics, name_attributes

    @property
    def source(self) -> dict[str, str]:
        """What it projects, for the table `projection`."""
        return {"topics": self._topics, "name_attributes": self._names}

    def projects(self, connection: Connection, about: Row[tuple[object, ...]]) -> bool:
        """Whether `about`, the row of `projection`, is of the same settings.

        Raises UsedOtherwise if it is not, and another process keeps that projection up to date.
        """
        if about.topics == self._topics and about.name_attributes == self._names:
            return True
        others = select(processes.c.id).where(processes.c.id != self._id, processes.c.seen_ms > _now_ms() - _SILENT_MS)
        if connection.execute(others.limit(1)).first() is not None:
            raise UsedOtherwise(self._difference(about.topics, about.name_attributes))
        return False

    def seen(self, connection: Connection) -> None:
        """It keeps the projection up to date now. Forgets those that have ended without a word."""
        now_ms = _now_ms()
        connection.execute(delete(processes).where(processes.c.seen_ms <= now_ms - _SILENT_MS))
        self._database.upsert(connection, processes, [{"id": self._id, "seen_ms": now_ms}])

    def left(self, connection: Connection) -> None:
        """It no longer does."""
        connection.execute(delete(processes).where(processes.c.id == self._id))

    def _difference(self, topics: str, names: str) -> str:
        if topics == self._topics:
            return (
                "another console keeps this database up to date with other settings: "
                f"LEAD_QUALIFIER_CONSOLE_NAME_ATTRIBUTES is {names} there, and {self._names} here. Set the same in "
                "both, or stop the other: then this one reads everything again"
            )
        there, here = topics.split("\n"), self._topics.split("\n")
        only_there = next((one for one in there if one not in here), "fewer topics")
        only_here = next((one for one in here if one not in there), "fewer topics")
        return (
            f"another console keeps this database up to date from other topics: {only_there} there, and {only_here} "
            "here. Give each installation a database of its own (LEAD_QUALIFIER_DATABASE_URL), or stop the other: then "
            "this one reads everything again"
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
