"""Makes the report on a qualification model from the topics of an installation. It only reads, without a group."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import msgspec

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead, unprocessed_by_workers
from lead_qualifier.client.model_history import CriterionStood, HeldLead, ModelHistory, Standing
from lead_qualifier.client.model_report import ModelReport, model_report
from lead_qualifier.client.stored_state import state_changes
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import TopicMissing
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.messages.decode import decode_sales_response
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.messages.topics import (
    LEAD_ASSIGNED,
    LEAD_QUALIFIED,
    LEAD_RECYCLED,
    LEAD_SALES_RESPONSE,
    LEAD_STATE,
    Topic,
)
from lead_qualifier.qualification.lead_fields import OPEN, QUALIFIED
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.merging import holds_nothing
from lead_qualifier.qualification.utc import Moment, from_milliseconds, to_microseconds, to_milliseconds

_REPORT_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class Retained:
    """What a topic still has. `since`: from when on it has everything, None if it is empty and always was.

    `complete`: nothing has been deleted from it. Not `exists`: the installation does not have the topic.
    """

    topic: str
    since: datetime | None = None
    complete: bool = True
    exists: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedModel:
    """A report, and what it is made from.

    `at`: when. `since`: the oldest qualification asked for; None: all. `retained`: the topics whose old records are
    deleted in time. `unprocessed`: input records not processed by any worker yet. `unreadable`: leads whose stored
    state cannot be read; they count as open.
    """

    model_id: str
    at: datetime
    since: datetime | None
    report: ModelReport
    retained: tuple[Retained, ...]
    unprocessed: int
    unreadable: int


def report_model(
    connection: Connection,
    model_id: str,
    *,
    topic_prefix: str,
    state_prefix: str,
    since: datetime | None,
    progress: Callable[[str], None],
) -> ReportedModel:
    """What became of the leads that a model qualified `since` then.

    `progress` gets lines that say how far it is. Raises TopicMissing, ReadIncomplete, UnreadableState, NotAllowed,
    KafkaException.
    """
    at = datetime.now(UTC)
    work = _Reading(TopicReader(connection), model_id, topic_prefix, progress)
    work.qualifications()
    work.leads(LEAD_STATE.full_name(state_prefix))
    work.decisions()
    work.answers()
    work.recycled()
    responses = work.retained[LEAD_SALES_RESPONSE]
    answers_from = 0 if responses.complete else to_microseconds(responses.since or at)
    return ReportedModel(
        model_id=model_id,
        at=at,
        since=since,
        report=model_report(
            work.history, since=0 if since is None else to_microseconds(since), answers_from=answers_from
        ),
        retained=tuple(work.retained.values()),
        unprocessed=unprocessed_by_workers(work.reader, topic_prefix, work.checkpoints),
        unreadable=len(work.unreadable),
    )


class _Qualified(msgspec.Struct, gc=False):
    qualification_model_id: str
    qualification_model_version: int
    qualification_number: int
    occurred_at: Moment
    criteria: tuple[CriterionStood, ...]
    fast_track: bool = False
    lead_changed_offset: int = -1


class _Result(msgspec.Struct, gc=False):
    name: str


class _Assigned(msgspec.Struct, gc=False):
    result: _Result
    decided_at: Moment
    owner_departed: str | None = None


class _Recycled(msgspec.Struct, gc=False):
    qualification_model_id: str
    occurred_at: Moment


class _Reading:
    """Reads one topic after the other into a history."""

    def __init__(self, reader: TopicReader, model_id: str, prefix: str, progress: Callable[[str], None]) -> None:
        self.reader = reader
        self.history = ModelHistory()
        self.retained: dict[Topic, Retained] = {}
        self.checkpoints: dict[int, Checkpoint] = {}
        self.unreadable: set[bytes] = set()
        self._model_id, self._prefix, self._progress = model_id, prefix, progress

    def qualifications(self) -> None:
        """Those by the model, and which leads they are about."""
        decode = msgspec.json.Decoder(_Qualified).decode
        for record in self._records(LEAD_QUALIFIED):
            event = decode_or_none(decode, record.value)
            if event is None or record.key is None or event.qualification_model_id != self._model_id:
                continue
            occurred = to_microseconds(event.occurred_at)
            self.history.qualified(
                record.key,
                event.qualification_model_version,
                event.qualification_number,
                event.criteria,
                occurred=occurred,
                written=record.timestamp_ms * 1000 if has_time(record.timestamp_ms) else occurred,
                fast_track=event.fast_track,
                known_until=event.lead_changed_offset,
            )

    def leads(self, topic: str) -> None:
        """What is held about these leads, and about those that they were merged into.

        A survivor may be found after its own state has been passed: then its partition is read again.
        """
        all_partitions = self.reader.admin.partitions(topic)
        leads, begun = self.history.leads, 0
        partitions: list[PartitionId] = all_partitions if leads else []
        while partitions:
            count = len(leads)
            for read, (key, value) in enumerate(state_changes(self.reader, partitions, self.checkpoints)):
                if not read % _REPORT_EVERY:
                    self._progress(f"{topic}: {read:,} records read")
                if (number := leads.get(key)) is not None and begun <= number < count:
                    self.history.holds(key, self._held(key, value))
            found = {partition_of(key, len(all_partitions)) for key in islice(leads, count, None)}
            partitions = [partition for partition in all_partitions if partition[1] in found]
            begun = count

    def decisions(self) -> None:
        """What assignment decided about these leads."""
        decode = msgspec.json.Decoder(_Assigned).decode
        for lead, record in self._about_them(LEAD_ASSIGNED):
            event = decode_or_none(decode, record.value)
            if event is not None and event.owner_departed is None:
                self.history.decided(lead, to_microseconds(event.decided_at), event.result.name)

    def answers(self) -> None:
        """What sales answered about these leads, to this model's qualification or to all."""
        for lead, record in self._about_them(LEAD_SALES_RESPONSE):
            try:
                event = decode_sales_response(record.key, record.value, record.headers)
            except BadMessage:
                continue  # a dead letter
            if event.get("qualification_model_id") in {None, self._model_id}:
                self.history.answered(
                    lead,
                    to_microseconds(event["occurred_at"]),
                    accepted=event["response"] == "accepted",
                    reason=event.get("reason"),
                )

    def recycled(self) -> None:
        """Whose flags were taken back."""
        decode = msgspec.json.Decoder(_Recycled).decode
        for lead, record in self._about_them(LEAD_RECYCLED):
            event = decode_or_none(decode, record.value)
            if event is not None and event.qualification_model_id == self._model_id:
                self.history.recycled(lead, to_microseconds(event.occurred_at))

    def _about_them(self, topic: Topic) -> Iterator[tuple[bytes, Record]]:
        leads = self.history.leads
        for record in self._records(topic):
            if (lead := record.key) is not None and lead in leads:
                yield lead, record

    def _records(self, topic: Topic) -> Iterator[Record]:
        """Every record of a topic, if there is such a topic; notes what it still has."""
        name = topic.full_name(self._prefix)
        try:
            partitions = self.reader.admin.partitions(name)
        except TopicMissing:
            if topic is LEAD_QUALIFIED:
                raise
            self.retained[topic] = Retained(name, complete=False, exists=False)
            return
        first = self.reader.admin.first(partitions)
        oldest: dict[int, int] = {}
        for number, record in enumerate(self.reader.read(partitions, first)):
            if not number % _REPORT_EVERY:
                self._progress(f"{name}: {number:,} records read")
            at = record.timestamp_ms
            if at < oldest.get(record.partition, sys.maxsize) and has_time(at):
                oldest[record.partition] = at
            yield record
        shortened = [number for (_, number), offset in first.items() if offset]
        since_ms: int | None
        if shortened:  # each partition loses its old records at its own time
            now_ms = to_milliseconds(datetime.now(UTC))
            since_ms = max(oldest.get(number, now_ms) for number in shortened)
        else:
            since_ms = min(oldest.values(), default=None)
        since = None if since_ms is None else from_milliseconds(since_ms)
        self.retained[topic] = Retained(name, since, complete=not shortened)

    def _held(self, key: bytes, value: bytes | None) -> HeldLead:
        self.unreadable.discard(key)
        if value is None:
            return HeldLead(Standing.ERASED)
        lead = decode_or_none(decode_lead, value)
        if lead is None:
            self.unreadable.add(key)
            return _UNREADABLE
        merged_into = None if lead.merged_into is None else lead.merged_into.encode()
        if holds_nothing(lead):
            return HeldLead(Standing.ERASED, merged_into=merged_into)
        mark = lead.marks.get(self._model_id)
        return HeldLead(
            _standing(lead),
            changed=0 if lead.changed_at is None else to_microseconds(lead.changed_at),
            number=0 if mark is None else mark.number,
            merged_into=merged_into,
            erased_at=lead.erasure,
        )


_UNREADABLE = HeldLead(Standing.OPEN, number=sys.maxsize)


def _standing(lead: Lead) -> Standing:
    if QUALIFIED in {lead.status, lead.status_reason}:
        return Standing.CONVERTED
    return Standing.OPEN if lead.status == OPEN else Standing.LOST
