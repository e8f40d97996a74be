"""The tables of the projection. Ids are bytes: they are compared byte by byte, and may hold any character."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, Integer, LargeBinary, MetaData, Table, Text

#: Rises with every change of the tables or of what is written to them: another version's tables are dropped.
SCHEMA_VERSION = 5
#: Of every table, so that the database may hold others: what else begins with it is dropped.
TABLE_PREFIX = "lead_qualifier_"

metadata = MetaData()


def _table(name: str, *columns: Column[object] | Index) -> Table:
    return Table(TABLE_PREFIX + name, metadata, *columns)


projection = _table(
    "projection",
    Column("id", Integer, primary_key=True, autoincrement=False),  # there is one row
    Column("schema_version", Integer, nullable=False),
    Column("source", Text, nullable=False),  # what was projected: prefixes and name attributes
    Column("complete", Boolean, nullable=False),  # whether the ends have been reached since it was begun
    Column("caught_up_ms", BigInteger, nullable=False),  # when they were reached last, else when it was begun
)
positions = _table(
    "positions",
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("topic_id", Text, nullable=False),  # empty where the broker gives none
    Column("next_offset", BigInteger, nullable=False),
)
rules = _table(
    "rules",
    Column("key", LargeBinary, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
leads = _table(
    "leads",
    Column("lead_id", LargeBinary, primary_key=True),
    Column("rank", BigInteger, nullable=False),  # see ranking.py
    Column("status", LargeBinary, nullable=False),
    Column("owner_id", LargeBinary),
    Column("name", LargeBinary, nullable=False),
    Column("erased_ms", BigInteger, nullable=False),  # what is older is of an erased lead with the same id
    Column("value", LargeBinary, nullable=False),  # as on lead-state
)
Index(TABLE_PREFIX + "leads_newest", leads.c.rank, leads.c.lead_id)
Index(TABLE_PREFIX + "leads_by_owner", leads.c.owner_id, leads.c.rank, leads.c.lead_id)
Index(TABLE_PREFIX + "leads_by_status", leads.c.status, leads.c.rank, leads.c.lead_id)

words = _table(
    "words",
    Column("word", LargeBinary, primary_key=True),
    Column("lead_id", LargeBinary, primary_key=True),
)
Index(TABLE_PREFIX + "words_of_lead", words.c.lead_id)

events = _table(
    "events",
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", LargeBinary, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
Index(TABLE_PREFIX + "events_of_lead", events.c.lead_id)

definitions = _table(
    "definitions",
    Column("kind", Text, primary_key=True),  # by its word on the command line
    Column("id", LargeBinary, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
sellers = _table(
    "sellers",
    Column("seller_id", LargeBinary, primary_key=True),
    Column("value", LargeBinary, nullable=False),  # as on assignment-state
)
assignment_leads = _table(
    "assignment_leads",
    Column("lead_id", LargeBinary, primary_key=True),
    Column("waits", BigInteger, nullable=False),  # its place among all that wait; 0: it does not wait
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),  # as on assignment-state
)
Index(TABLE_PREFIX + "assignment_waiting", assignment_leads.c.waits)

trail = _table(
    "trail",
    Column("topic", Text, primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", LargeBinary, nullable=False),  # the id of what the command is about
    Column("kind", Text, nullable=False),  # what that is; empty if the record cannot be read
    Column("accepted", Boolean, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
Index(TABLE_PREFIX + "trail_newest", trail.c.timestamp_ms, trail.c.topic, trail.c.offset)
Index(TABLE_PREFIX + "trail_of_subject", trail.c.subject, trail.c.timestamp_ms)


def has_tables(connection: Connection) -> bool:
    """Whether a projection has been begun."""
    return connection.dialect.has_table(connection, projection.name)
