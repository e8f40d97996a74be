"""What the projection holds about the leads that a model qualified, as the report on the model takes it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.model_history import ACCEPTED, ModelHistory
from lead_qualifier.client.qualification_fates import (
    Fate,
    QualificationFates,
    Step,
    Unanswered,
    qualification_fates,
)
from lead_qualifier.console.read_model.completeness import held_from
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.fates import StoredFate, are_open, decode_fate
from lead_qualifier.console.read_model.packed_criteria import add_criteria, unpacked
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.qualification_history import read_history
from lead_qualifier.console.read_model.tables import has_tables, leads, qualifications
from lead_qualifier.messages.topics import LEAD_ASSIGNED, LEAD_QUALIFIED, LEAD_RECYCLED, LEAD_SALES_RESPONSE
from lead_qualifier.qualification.utc import to_microseconds


@dataclass(frozen=True, slots=True)
class ReportedHistory:
    """What report_of() takes. `values`: by the number of a lead, the value of the attribute asked for.

    `unreadable`: leads whose stored state cannot be read; they count as open. `complete_from`: older qualifications and
    decisions about them may be missing; `answers_from`: older answers of sales may be. None: nothing is missing.
    """

    history: ModelHistory
    fates: QualificationFates
    values: dict[int, str] = field(default_factory=dict)
    unreadable: int = 0
    complete_from: datetime | None = None
    answers_from: datetime | None = None


class _Attributes(msgspec.Struct, gc=False):
    attributes: dict[str, msgspec.Raw] = {}


class ReportReader:
    """Reads the tables in one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self, model_id: str, *, attribute: str | None = None, since: int = 0) -> ReportedHistory:
        """What became of what the model qualified and was written at `since` (microseconds since 1970) or later."""
        key, columns = model_id.encode(), qualifications.c
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                history = ModelHistory()
                return ReportedHistory(history, qualification_fates(history, since=since, answers_from=0))
            complete_from = held_from(connection, LEAD_QUALIFIED, LEAD_ASSIGNED, LEAD_RECYCLED)
            answers_from = held_from(connection, LEAD_SALES_RESPONSE)
            answers_from_us = 0 if answers_from is None else to_microseconds(answers_from)
            if are_open(connection, key):  # while everything is read again
                read = read_history(connection, key)
                fates = qualification_fates(read.history, since=since, answers_from=answers_from_us)
                found = ReportedHistory(read.history, fates, unreadable=len(read.unreadable))
                counted = [leads.c.lead_id.in_(some) for some in in_parts(list(read.history.leads))]
            else:
                found = _settled(connection, key, since, answers_from_us)
                counted = [leads.c.lead_id.in_(select(columns.survivor).where(columns.model_id == key))]
            if attribute is not None:
                for condition in counted:
                    found.values.update(_values(connection, found.history, condition, attribute))
        return replace(found, complete_from=complete_from, answers_from=answers_from)


def _settled(connection: Connection, model_id: bytes, since: int, answers_from: int) -> ReportedHistory:
    """From the fates that are kept. Each lead of the history is a survivor."""
    columns = qualifications.c
    rows = connection.execute(
        select(
            columns.survivor,
            columns.version,
            columns.written_us,
            columns.fate,
            columns.durations,
            columns.criteria,
            columns.scores,
        )
        .where(columns.model_id == model_id)
        .order_by(columns.topic, columns.partition, columns.offset)
    ).all()
    history = ModelHistory()
    survivors, versions, written, fates, durations, criteria, scores = zip(*rows, strict=True) if rows else ((),) * 7
    history.lead.extend(map(history.follow, survivors))
    add_criteria(history, versions, criteria, scores)
    stored = {fate: decode_fate(fate) for fate in set(fates)}
    wanted = [at >= since for at in written]
    numbers: dict[tuple[bytes, bool], int] = {}
    of = array(
        "l",
        (
            numbers.setdefault((fate, at < answers_from), len(numbers)) if one else -1
            for fate, at, one in zip(fates, written, wanted, strict=True)
        ),
    )
    lengths = unpacked("q", durations)
    unreadable = {fate for fate, one in stored.items() if not one.readable}
    found = QualificationFates(
        leads=len({survivor for survivor, one in zip(survivors, wanted, strict=True) if one}),
        different=tuple(_fate(history, stored[fate], may_lack_answer) for fate, may_lack_answer in numbers),
        of=of,
        durations={step: lengths[place :: len(Step)] for place, step in enumerate(Step)},
    )
    unreadable_leads = {one for one, fate in zip(survivors, fates, strict=True) if fate in unreadable}
    return ReportedHistory(history, found, unreadable=len(unreadable_leads))


def _fate(history: ModelHistory, stored: StoredFate, may_lack_answer: bool) -> Fate:
    answer = -1
    if stored.accepted is not None:
        answer = ACCEPTED if stored.accepted else history.reasons.number(stored.reason)
    return Fate(
        stored.version,
        stored.fast_track,
        stored.standing,
        -1 if stored.result is None else history.results.number(stored.result),
        answer,
        stored.recycled,
        Unanswered.UNKNOWN if may_lack_answer and stored.unanswered == Unanswered.WAITING else stored.unanswered,
    )


def _values(
    connection: Connection, history: ModelHistory, condition: ColumnElement[bool], attribute: str
) -> Iterator[tuple[int, str]]:
    """The number of each lead that has the attribute, and its value."""
    for lead, value in connection.execute(select(leads.c.lead_id, leads.c.value).where(condition)).all():
        if (text := _text(value, attribute)) is not None:
            yield history.leads[lead], text


def _text(value: bytes, attribute: str) -> str | None:
    """The value of an attribute as people write it; None if the lead has none."""
    found = decode_or_none(_attributes, value)
    if found is None or attribute not in found.attributes:
        return None
    one = msgspec.json.decode(found.attributes[attribute])
    return one if isinstance(one, str) else msgspec.json.encode(one).decode()


_attributes = msgspec.json.Decoder(_Attributes).decode
