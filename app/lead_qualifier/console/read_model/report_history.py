"""What the projection holds about the leads that a model qualified, as the report on the model takes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.model_history import CriterionStood, ModelHistory
from lead_qualifier.client.reported_events import UNREADABLE, Reaction, ReactionKind, add_reaction, held_lead
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import has_tables, leads, qualifications, reactions

_criteria = msgspec.json.Decoder(tuple[CriterionStood, ...]).decode


@dataclass(slots=True)
class ReportedHistory:
    """A history for model_report(). `values`: by the number of a lead, the value of the attribute asked for.

    `unreadable`: leads whose stored state cannot be read; they count as open.
    """

    history: ModelHistory = field(default_factory=ModelHistory)
    values: dict[int, str] = field(default_factory=dict)
    unreadable: int = 0


class _Attributes(msgspec.Struct, gc=False):
    attributes: dict[str, msgspec.Raw] = {}


class ReportReader:
    """Reads the tables in one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self, model_id: str, *, attribute: str | None = None) -> ReportedHistory:
        """What is held about the leads that the model qualified."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return ReportedHistory()
            return _Reading(connection, model_id, attribute).read()


class _Reading:
    def __init__(self, connection: Connection, model_id: str, attribute: str | None) -> None:
        self._connection, self._model_id, self._attribute = connection, model_id, attribute
        self._key = model_id.encode()
        self._found = ReportedHistory()
        self._qualified = select(qualifications.c.lead_id).where(qualifications.c.model_id == self._key)

    def read(self) -> ReportedHistory:
        self._read_qualifications()
        self._read_leads()
        self._read_reactions()
        return self._found

    def _read_qualifications(self) -> None:
        columns = qualifications.c
        history = self._found.history
        rows = self._connection.execute(
            select(
                columns.lead_id,
                columns.version,
                columns.number,
                columns.criteria,
                columns.occurred_us,
                columns.written_us,
                columns.fast_track,
                columns.known_until,
            )
            .where(columns.model_id == self._key)
            .order_by(columns.topic, columns.partition, columns.offset)
        )
        for lead, version, number, criteria, occurred, written, fast_track, known_until in rows:
            history.qualified(
                lead,
                version,
                number,
                _criteria(criteria),
                occurred=occurred,
                written=written,
                fast_track=fast_track,
                known_until=known_until,
            )

    def _read_leads(self) -> None:
        """What is held about these leads, and about those that they were merged into."""
        followed = self._found.history.leads
        begun = self._count_of_qualified()
        self._hold([leads.c.lead_id.in_(self._qualified)] if followed else [])
        while begun < len(followed):
            more = list(islice(followed, begun, None))
            begun = len(followed)
            self._hold([leads.c.lead_id.in_(some) for some in in_parts(more)])

    def _count_of_qualified(self) -> int:
        return max(self._found.history.lead, default=-1) + 1

    def _hold(self, conditions: Iterable[ColumnElement[bool]]) -> None:
        history = self._found.history
        for condition in conditions:
            for lead, value in self._connection.execute(select(leads.c.lead_id, leads.c.value).where(condition)):
                held = held_lead(value, self._model_id)
                self._found.unreadable += held is None
                history.holds(lead, held or UNREADABLE)
                if self._attribute is not None and (text := _text(value, self._attribute)) is not None:
                    self._found.values[history.leads[lead]] = text

    def _read_reactions(self) -> None:
        history, columns = self._found.history, reactions.c
        of_model = or_(columns.model_id.is_(None), columns.model_id == self._key)
        conditions: list[ColumnElement[bool]] = [columns.lead_id.in_(self._qualified)] if history.leads else []
        others = list(islice(history.leads, self._count_of_qualified(), None))
        conditions += [columns.lead_id.in_(some) for some in in_parts(others)]
        for condition in conditions:
            rows = self._connection.execute(
                select(columns.lead_id, columns.kind, columns.at_us, columns.what)
                .where(condition, of_model)
                .order_by(columns.topic, columns.partition, columns.offset)
            )
            for lead, kind, at, what in rows:
                text = None if what is None else what.decode()
                add_reaction(history, lead, Reaction(ReactionKind(kind), at, what=text))


def _text(value: bytes, attribute: str) -> str | None:
    """The value of an attribute as people write it; None if the lead has none."""
    found = decode_or_none(_attributes, value)
    if found is None or attribute not in found.attributes:
        return None
    one = msgspec.json.decode(found.attributes[attribute])
    return one if isinstance(one, str) else msgspec.json.encode(one).decode()


_attributes = msgspec.json.Decoder(_Attributes).decode
