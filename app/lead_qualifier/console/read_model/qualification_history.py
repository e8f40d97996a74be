"""What the projection holds about leads that a model qualified, as client.model_history has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select, true

from lead_qualifier.client.model_history import ModelHistory
from lead_qualifier.client.reported_events import UNREADABLE, Reaction, ReactionKind, add_reaction, held_lead
from lead_qualifier.console.read_model.packed_criteria import add_criteria
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import leads, qualifications, reactions

Columns = TypeVarTuple("Columns")


@dataclass(slots=True)
class QualificationHistory:
    """A history, with where each qualification is: topic, partition and offset.

    `unreadable`: the numbers of leads whose stored state cannot be read; they count as open.
    """

    history: ModelHistory = field(default_factory=ModelHistory)
    places: list[tuple[str, int, int]] = field(default_factory=list)
    unreadable: set[int] = field(default_factory=set)


def read_history(
    connection: Connection, model_id: bytes, *, lead_ids: Collection[bytes] | None = None
) -> QualificationHistory:
    """What is held about the leads that the model qualified. `lead_ids`: about those of these leads only."""
    return _Reading(connection, model_id, lead_ids).read()


class _Reading:
    def __init__(self, connection: Connection, model_id: bytes, lead_ids: Collection[bytes] | None) -> None:
        self._connection, self._model_id = connection, model_id
        self._lead_ids = None if lead_ids is None else list(lead_ids)
        self._found = QualificationHistory()
        self._qualified = 0  # how many leads; those that they were merged into come after them

    def read(self) -> QualificationHistory:
        self._read_qualifications()
        self._qualified = len(self._found.history.leads)
        self._read_leads()
        self._read_reactions()
        return self._found

    def _of_leads(self, column: ColumnElement[bytes], begin: int) -> Iterator[ColumnElement[bool]]:
        """Conditions that together find the leads of the history, from this number on."""
        if self._lead_ids is None and begin == 0 < self._qualified:
            yield column.in_(select(qualifications.c.lead_id).where(qualifications.c.model_id == self._model_id))
            begin = self._qualified
        for some in in_parts(list(islice(self._found.history.leads, begin, None))):
            yield column.in_(some)

    def _in_order(self, statement: Select[*Columns], some_leads: Iterable[ColumnElement[bool]]) -> list[Row[*Columns]]:
        """The rows about all these leads, ordered by the first three columns: topic, partition, offset."""
        rows = chain.from_iterable(self._connection.execute(statement.where(one)) for one in some_leads)
        return sorted(rows, key=itemgetter(0, 1, 2))

    def _read_qualifications(self) -> None:
        history, columns = self._found.history, qualifications.c
        some_leads = [true()] if self._lead_ids is None else map(columns.lead_id.in_, in_parts(self._lead_ids))
        of_model = select(
            columns.topic,
            columns.partition,
            columns.offset,
            columns.lead_id,
            columns.version,
            columns.number,
            columns.occurred_us,
            columns.written_us,
            columns.fast_track,
            columns.known_until,
            columns.criteria,
            columns.scores,
        ).where(columns.model_id == self._model_id)
        rows = self._in_order(of_model, some_leads)
        for _, _, _, lead, version, number, occurred, written, fast_track, known_until, _, _ in rows:
            history.qualified(
                lead,
                version,
                number,
                (),
                occurred=occurred,
                written=written,
                fast_track=fast_track,
                known_until=known_until,
            )
        add_criteria(history, history.version, [row.criteria for row in rows], [row.scores for row in rows])
        self._found.places += [(row.topic, row.partition, row.offset) for row in rows]

    def _read_leads(self) -> None:
        """What is held about these leads, and about those that they were merged into."""
        history, followed = self._found.history, self._found.history.leads
        known, model_id = 0, self._model_id.decode()
        while known < len(followed):
            more = list(islice(followed, known, None))
            values: dict[bytes, bytes] = {}
            for condition in self._of_leads(leads.c.lead_id, known):
                values.update(self._connection.execute(select(leads.c.lead_id, leads.c.value).where(condition)).all())
            known = len(followed)
            for lead in more:  # in this order, by which merged leads are numbered
                if lead in values:
                    held = held_lead(values[lead], model_id)
                    history.holds(lead, held or UNREADABLE)
                    if held is None:
                        self._found.unreadable.add(followed[lead])

    def _read_reactions(self) -> None:
        history, columns = self._found.history, reactions.c
        of_model = select(
            columns.topic,
            columns.partition,
            columns.offset,
            columns.lead_id,
            columns.kind,
            columns.at_us,
            columns.what,
        ).where(or_(columns.model_id.is_(None), columns.model_id == self._model_id))
        for _, _, _, lead, kind, at, what in self._in_order(of_model, self._of_leads(columns.lead_id, 0)):
            text = None if what is None else what.decode()
            add_reaction(history, lead, Reaction(ReactionKind(kind), at, what=text))
