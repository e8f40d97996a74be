"""The tables of the projection. Ids are bytes: they are compared byte by byte, and may hold any character."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from typing_extensions import override

#: Rises with every change of the tables or of what is written to them: another version's tables are dropped.
SCHEMA_VERSION = 15
#: Of every table, so that the database may hold others: what else begins with it is dropped.
TABLE_PREFIX = "lead_qualifier_"
#: These stay when a projection is begun again: sessions are no part of it, and erasures (hashes of ids) are remembered
#: for longer than `lead-state` does.
SESSIONS = f"{TABLE_PREFIX}sessions"
ERASURES = f"{TABLE_PREFIX}erasures"

metadata = MetaData()


class Bytes(LargeBinary):
    """Bytes as the drivers take and return them. SQLAlchemy would wrap each value, which costs more than storing it."""

    cache_ok = True

    @override
    def bind_processor(self, dialect: Dialect) -> Any:
        """None: nothing to do."""
        return None

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """None: nothing to do."""
        return None


def _table(name: str, *columns: Column[object] | Index, with_rowid: bool = True) -> Table:
    """`with_rowid`: False for a table of keys, which SQLite then holds once instead of twice."""
    return Table(TABLE_PREFIX + name, metadata, *columns, sqlite_with_rowid=with_rowid)


projection = _table(
    "projection",
    Column("id", Integer, primary_key=True, autoincrement=False),  # there is one row
    Column("schema_version", Integer, nullable=False),
    Column("generation", Text, nullable=False),  # which time it was begun
    Column("topics", Text, nullable=False),  # that were projected, by their full names, one a line
    Column("name_attributes", Text, nullable=False),  # that make a lead's name
    Column("complete", Boolean, nullable=False),  # whether the ends have been reached since it was begun
    Column("caught_up_ms", BigInteger, nullable=False),  # when they were reached last, else when it was begun
)
positions = _table(
    "positions",
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("topic_id", Text, nullable=False),  # empty where the broker gives none
    Column("next_offset", BigInteger, nullable=False),
    Column("held_from_ms", BigInteger),  # older records are missing; none: no record is missing
)
processes = _table(
    "processes",  # that keep the projection up to date
    Column("id", Text, primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
)
rules = _table(
    "rules",
    Column("key", Bytes, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("value", Bytes, nullable=False),
)
leads = _table(
    "leads",
    Column("lead_id", Bytes, primary_key=True),
    Column("rank", BigInteger, nullable=False),  # see ranking.py
    Column("status", Bytes, nullable=False),
    Column("owner_id", Bytes),
    Column("name", Bytes, nullable=False),
    Column("erased_ms", BigInteger, nullable=False),  # what is older is of an erased lead with the same id
    Column("value", Bytes, nullable=False),  # as on lead-state
)
merged = _table(
    "merged",  # those of the leads that were merged into another
    Column("lead_id", Bytes, primary_key=True),
    Column("survivor", Bytes, nullable=False),  # which may have been merged itself since
)
Index(TABLE_PREFIX + "merged_into", merged.c.survivor)
MADE_WHEN_CAUGHT_UP = (
    Index(TABLE_PREFIX + "leads_newest", leads.c.rank, leads.c.lead_id),
    Index(TABLE_PREFIX + "leads_by_owner", leads.c.owner_id, leads.c.rank, leads.c.lead_id),
    Index(TABLE_PREFIX + "leads_by_status", leads.c.status, leads.c.rank, leads.c.lead_id),
)
"""Indexes for lists, which nothing needs to apply records: made once at the end, they cost a fraction of what it takes
to keep them up to date while every lead is read again.
"""

words = _table(
    "words",
    Column("word", Bytes, primary_key=True),
    Column("lead_id", Bytes, primary_key=True),
    with_rowid=False,
)

score_counts = _table(
    "score_counts",  # see score_counts.py
    Column("scoring_model", Bytes, primary_key=True),
    Column("level", Double, primary_key=True),
    Column("known", Boolean, primary_key=True),
    Column("leads", BigInteger, nullable=False),
    with_rowid=False,
)

events = _table(
    "events",
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", Bytes, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("value", Bytes, nullable=False),
)
Index(TABLE_PREFIX + "events_of_lead", events.c.lead_id)

definitions = _table(
    "definitions",
    Column("kind", Text, primary_key=True),  # by its word on the command line
    Column("id", Bytes, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("value", Bytes, nullable=False),
)
sellers = _table(
    "sellers",
    Column("seller_id", Bytes, primary_key=True),
    Column("value", Bytes, nullable=False),  # as on assignment-state
)
assignment_leads = _table(
    "assignment_leads",
    Column("lead_id", Bytes, primary_key=True),
    Column("waits", BigInteger, nullable=False),  # its place among all that wait; 0: it does not wait
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("value", Bytes, nullable=False),  # as on assignment-state
)
Index(TABLE_PREFIX + "assignment_waiting", assignment_leads.c.waits)
qualifications = _table(
    "qualifications",
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", Bytes, nullable=False),
    Column("model_id", Bytes, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("occurred_us", BigInteger, nullable=False),
    Column("written_us", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),  # of the record, as it is
    Column("known_until", BigInteger, nullable=False),
    Column("fast_track", Boolean, nullable=False),
    Column("criteria", Bytes, nullable=False),  # see packed_criteria.py
    Column("scores", Bytes, nullable=False),
    Column("fate", Bytes),  # see fates.py; none: to be found out, because something about the lead has changed
    Column("durations", Bytes),
    Column("survivor", Bytes),  # the lead that it counts for
)
_newest = (qualifications.c.written_us, qualifications.c.partition, qualifications.c.offset)
Index(TABLE_PREFIX + "qualifications_newest", *_newest)
Index(TABLE_PREFIX + "qualifications_of_model", qualifications.c.model_id, *_newest)
Index(
    TABLE_PREFIX + "qualifications_in_order",
    qualifications.c.model_id,
    qualifications.c.topic,
    qualifications.c.partition,
    qualifications.c.offset,
)
Index(TABLE_PREFIX + "qualifications_of_lead", qualifications.c.lead_id)
_open = qualifications.c.fate.is_(None)
Index(
    TABLE_PREFIX + "qualifications_open",
    qualifications.c.model_id,
    qualifications.c.lead_id,
    sqlite_where=_open,
    postgresql_where=_open,
)

qualified_daily = _table(
    "qualified_daily",
    Column("day", Integer, primary_key=True, autoincrement=False),  # since 1970, in UTC
    Column("model_id", Bytes, primary_key=True),
    Column("qualified", BigInteger, nullable=False),  # how many times
)
reactions = _table(
    "reactions",  # what happened to qualified leads
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", Bytes, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("model_id", Bytes),  # none: about all models
    Column("what", Bytes),
)
Index(TABLE_PREFIX + "reactions_of_lead", reactions.c.lead_id)

trail = _table(
    "trail",
    Column("topic", Text, primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Bytes, nullable=False),  # the id of what the command is about
    Column("kind", Text, nullable=False),  # what that is; empty if the record cannot be read
    Column("accepted", Boolean, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("value", Bytes, nullable=False),
)
Index(TABLE_PREFIX + "trail_newest", trail.c.timestamp_ms, trail.c.topic, trail.c.offset)
Index(TABLE_PREFIX + "trail_of_subject", trail.c.subject, trail.c.timestamp_ms)

dead_letters = _table(
    "dead_letters",
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("key", Bytes),
    Column("lead_id", Bytes),  # as the value says
    Column("other_lead_id", Bytes),  # of a merge
    Column("origin", Bytes, nullable=False),  # the topic that it came from
    Column("origin_partition", BigInteger),
    Column("origin_offset", BigInteger),
    Column("reason", Bytes, nullable=False),
    Column("value", Bytes),
    Column("size", BigInteger),  # of the value, of which only a part may be held
    Column("headers", Bytes, nullable=False),  # JSON
)
_letters_newest = (
    dead_letters.c.timestamp_ms,
    dead_letters.c.topic,
    dead_letters.c.partition,
    dead_letters.c.offset,
)
Index(TABLE_PREFIX + "dead_letters_newest", *_letters_newest)
Index(TABLE_PREFIX + "dead_letters_by_key", dead_letters.c.key, *_letters_newest)
Index(TABLE_PREFIX + "dead_letters_of_lead", dead_letters.c.lead_id)
Index(TABLE_PREFIX + "dead_letters_of_other", dead_letters.c.other_lead_id)

erasures = _table(
    "erasures",
    Column("lead", Bytes, primary_key=True),  # a hash of its id
    Column("at_ms", BigInteger, nullable=False),
)


def has_tables(connection: Connection) -> bool:
    """Whether a projection has been begun."""
    return connection.dialect.has_table(connection, projection.name)
