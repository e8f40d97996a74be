"""Rebuilds an installation's state under another application id, in topics of its own, and compares both.

The current topics are only read. What is rebuilt becomes visible in one transaction, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from lead_qualifier.client.leads import read_all
from lead_qualifier.client.stored_state import StoredState
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId, Record, bad_header_name
from lead_qualifier.maintenance.errors import CannotRebuild, ProcessesRunning
from lead_qualifier.maintenance.rebuild.comparison import Compared, Qualifications, compare, compare_qualifications
from lead_qualifier.maintenance.rebuild.replay import Replay, in_order
from lead_qualifier.maintenance.rebuild.timeline import Timeline, read_timeline
from lead_qualifier.maintenance.record_checksum import RecordChecksum
from lead_qualifier.maintenance.service_groups import check_nothing_runs
from lead_qualifier.maintenance.topic_cloning import clone_topics
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.messages.topics import COMMAND_STATE, LEAD_CHANGED, LEAD_QUALIFIED, LEAD_STATE, STATE_TOPICS, Topic
from lead_qualifier.qualification.rules import UnknownLeads
from lead_qualifier.services.topology import WORKER

_REPORT_EVERY = 20_000
_Newest = Mapping[bytes | None, Record]
_InputIds = Mapping[Topic, Mapping[str, str]]
"""By changelog, the id of each input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was rebuilt and how it compares. Of the same topics `leads` and `qualifications` are always the same."""

    leads: RecordChecksum
    records: int
    """Input records that were processed."""
    rejected: int
    """Of them those that cannot be read: dead letters to a worker."""
    changes: int
    """Changes of the rules on the audit trail."""
    oldest: Mapping[str, int]
    """By topic the time of the oldest record that was read (milliseconds since 1970)."""
    compared: Compared
    qualifications: Qualifications
    unprocessed: int
    """Records that the workers have not processed yet."""
    workers_run: bool


@dataclass(kw_only=True)
class Rebuild:
    """One rebuild. `name`: the application id to rebuild for; `group_id`: that of the workers. `since_ms`: where scores
    begin; None: at the first there is.
    """

    connection: Connection
    topic_prefix: str
    state_prefix: str
    group_id: str
    name: str
    since_ms: int | None
    unknown_leads: UnknownLeads
    time_tolerance: timedelta

    def __post_init__(self) -> None:
        self._reader = TopicReader(self.connection)
        self._ahead: set[bytes] = set()  # leads with records that the workers have not processed yet
        self._oldest: dict[str, int] = {}  # by topic the time of the oldest record that was read

    @property
    def to_prefix(self) -> str:
        """What precedes the names of the topics of the rebuilt state."""
        return f"{self.topic_prefix}{self.name}."

    def run(self, *, limit: int, progress: Callable[[str], None]) -> Rebuilt:
        """Rebuild, compare and write. `limit`: differences to keep.

        Raises CannotRebuild, ProcessesRunning, TopicMissing, ReadIncomplete, UnreadableState, NotAllowed,
        KafkaException.
        """
        if self.name == self.group_id:
            raise CannotRebuild(f"{self.name} is the current application id: choose another one for --as")
        check_nothing_runs(self.connection, self.name, patience=0)
        rules = read_timeline(
            self.connection, self._reader, topic_prefix=self.topic_prefix, unknown_leads=self.unknown_leads
        )
        partitions = [number for _, number in self._reader.admin.partitions(LEAD_STATE.full_name(self.state_prefix))]
        input_ids = {
            state: self._reader.admin.topic_ids([topic.full_name(self.topic_prefix) for topic in topics])
            for state, topics in WORKER.changelogs.items()
        }
        progress("reading what the workers hold")
        live, unprocessed = read_all(self._reader, topic_prefix=self.topic_prefix, state_prefix=self.state_prefix)
        replays = [self._replay(number, len(partitions), rules, live, progress) for number in partitions]
        leads = {key: value for replay in replays for key, value in replay.leads.items()}
        progress("comparing")
        compared = compare(live.values, leads, ahead=self._ahead, limit=limit)
        qualifications = compare_qualifications(
            self._reader,
            LEAD_QUALIFIED.full_name(self.topic_prefix),
            {event_id: lead_id for replay in replays for event_id, lead_id in replay.qualified.items()},
            ahead=self._ahead,
        )
        checksum = RecordChecksum()
        for key, value in leads.items():
            checksum.add(key, value)
        progress(f"writing {len(leads):,} leads")
        self._write(replays, live.checkpoints, input_ids)
        return Rebuilt(
            leads=checksum,
            records=sum(replay.processed for replay in replays),
            rejected=sum(replay.rejected for replay in replays),
            changes=len(rules),
            oldest=self._oldest,
            compared=compared,
            qualifications=qualifications,
            unprocessed=unprocessed,
            workers_run=self._workers_run(),
        )

    def _workers_run(self) -> bool:
        try:
            check_nothing_runs(self.connection, self.group_id, patience=0)
        except ProcessesRunning:
            return True
        return False

    def _replay(
        self, number: int, partitions: int, rules: Timeline, live: StoredState, progress: Callable[[str], None]
    ) -> Replay:
        """Process the records of a partition again, up to the workers' checkpoint in `live`; all, if it has none there.

        Remembers the leads of later records.
        """
        checkpoint = live.checkpoints.get(number)
        processed = {} if checkpoint is None else checkpoint.next
        replay = Replay(
            number,
            topic_prefix=self.topic_prefix,
            partitions=partitions,
            rules=rules,
            time_tolerance=self.time_tolerance,
            live=checkpoint,
            held=live.values,
        )
        streams = []
        for topic in WORKER.changelogs[LEAD_STATE]:
            partition = (topic.full_name(self.topic_prefix), number)
            begin = self._begin(topic, partition)
            replay.next[partition[0]] = begin
            streams.append(self._records(partition, begin))
        for written_ms, record in in_order(*streams, now_ms=int(time.time() * 1000)):
            if checkpoint is not None and record.offset >= processed.get(record.topic, 0):
                # nothing is emitted here: the workers that switch to the result process it
                if record.key is not None:
                    self._ahead.add(record.key)
                continue
            replay.process(record, written_ms)
            if replay.processed % _REPORT_EVERY == 0:
                progress(f"partition {number + 1} of {partitions}: {replay.processed:,} records processed")
        replay.next |= processed
        # rules that came after the last record have an effect as well: a sweep
        replay.finish(max([replay.clock, *(at for at, _ in rules[-1:])]))
        return replay

    def _begin(self, topic: Topic, partition: PartitionId) -> int:
        # lead-changed is compacted: the last record of a lead may be as old as the lead
        if self.since_ms is None or topic is LEAD_CHANGED:
            return self._reader.admin.first([partition])[partition]
        return self._reader.admin.since([partition], self.since_ms)[partition]

    def _records(self, partition: PartitionId, begin: int) -> Iterator[Record]:
        for record in self._reader.read([partition], {partition: begin}):
            at = record.timestamp_ms
            if has_time(at) and at < self._oldest.get(record.topic, at + 1):
                self._oldest[record.topic] = at
            if record.unreadable is None and (reason := bad_header_name(record.headers)) is not None:
                record = msgspec.structs.replace(record, unreadable=reason)  # noqa: PLW2901  as the worker has it
            yield record

    # -- writing, in one transaction

    def _write(self, replays: Sequence[Replay], live: Mapping[int, Checkpoint], input_ids: _InputIds) -> None:
        """Write the leads of every partition, and the state of commands as the workers hold it: nobody decides a
        command twice. `live`: the workers' checkpoints. `input_ids`: from before the inputs were read.
        """
        clone_topics(
            self.connection,
            STATE_TOPICS,
            like=self.state_prefix,
            prefix=self.to_prefix,
            partitions=len(replays),
        )
        transaction = Transaction(self.connection, f"{self.name}-rebuild")  # ends what a killed run left open
        commands = self._newest(COMMAND_STATE, self.state_prefix)
        earlier = {topic: self._newest(topic, self.to_prefix) for topic in STATE_TOPICS}
        with transaction:
            for replay in replays:
                topic_ids = self._topic_ids(LEAD_STATE, input_ids, live.get(replay.number))
                self._write_leads(replay, earlier[LEAD_STATE], topic_ids, transaction)
            self._write_commands(commands, earlier[COMMAND_STATE], input_ids, transaction)
            transaction.commit()

    def _newest(self, topic: Topic, prefix: str) -> _Newest:
        return self._reader.newest_by_key(self._reader.admin.partitions(topic.full_name(prefix)))

    def _topic_ids(self, changelog: Topic, input_ids: _InputIds, live: Checkpoint | None) -> dict[str, str]:
        """For the checkpoint of a rebuilt state: its offsets are those of the inputs that the workers' checkpoint
        means.
        """
        inputs = input_ids[changelog]
        known = {} if live is None else {topic: live.topic_ids[topic] for topic in inputs.keys() & live.topic_ids}
        return {**self._reader.admin.topic_ids([changelog.full_name(self.to_prefix)]), **inputs, **known}

    def _write_leads(
        self, replay: Replay, earlier: _Newest, topic_ids: dict[str, str], transaction: Transaction
    ) -> None:
        name = LEAD_STATE.full_name(self.to_prefix)
        for key, value in replay.leads.items():
            transaction.send(name, key, value, partition=replay.number)
        for stale, record in earlier.items():  # of an earlier rebuild
            if record.partition == replay.number and stale != CHECKPOINT_KEY and stale not in replay.leads:
                transaction.send(name, stale, None, partition=replay.number)
        swept, sweep = replay.sweep_progress
        checkpoint = Checkpoint(
            application=self.name,
            next=replay.next,
            revision=replay.revision,
            swept=swept,
            sweep=sweep,
            clock=replay.clock,
            topic_ids=topic_ids,
        )
        transaction.send(name, CHECKPOINT_KEY, checkpoints.encode(checkpoint), partition=replay.number)

    def _write_commands(
        self, commands: _Newest, earlier: _Newest, input_ids: _InputIds, transaction: Transaction
    ) -> None:
        name = COMMAND_STATE.full_name(self.to_prefix)
        for key, record in commands.items():
            value = record.value
            assert value is not None  # a record without one is no key's newest
            if key == CHECKPOINT_KEY:
                live = checkpoints.decode(value)
                ids = self._topic_ids(COMMAND_STATE, input_ids, live)
                value = checkpoints.encode(msgspec.structs.replace(live, application=self.name, topic_ids=ids))
            transaction.send(name, key, value, partition=0)
        for gone in earlier.keys() - commands.keys():
            transaction.send(name, gone, None, partition=0)
