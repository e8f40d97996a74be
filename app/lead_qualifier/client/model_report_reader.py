"""Makes the report on a qualification model from the topics of an installation. It only reads, without a group."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from lead_qualifier.client.leads import unprocessed_by_workers
from lead_qualifier.client.model_history import HeldLead, ModelHistory
from lead_qualifier.client.model_report import ModelReport, model_report
from lead_qualifier.client.reported_events import (
    REACTIONS,
    UNREADABLE,
    add_qualification,
    add_reaction,
    held_lead,
    qualification_in,
    reaction_in,
)
from lead_qualifier.client.stored_state import state_changes
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import TopicMissing
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.messages.topics import LEAD_QUALIFIED, LEAD_SALES_RESPONSE, LEAD_STATE, Topic
from lead_qualifier.qualification.utc import from_milliseconds, to_microseconds, to_milliseconds

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
    work.reactions()
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
        for record in self._records(LEAD_QUALIFIED):
            found = qualification_in(record)
            if found is not None and record.key is not None and found.model_id == self._model_id:
                add_qualification(self.history, record.key, found)

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

    def reactions(self) -> None:
        """What assignment and sales did with these leads, because of this model's qualification or of any."""
        leads = self.history.leads
        for topic in REACTIONS:
            for record in self._records(topic):
                if record.key is None or record.key not in leads:
                    continue
                found = reaction_in(topic, record)
                if found is not None and found.model_id in {None, self._model_id}:
                    add_reaction(self.history, record.key, found)

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
        held = held_lead(value, self._model_id)
        if held is None:
            self.unreadable.add(key)
            return UNREADABLE
        return held
