"""Rebuilds an installation's state under another application id, in topics of its own, and compares both.

The topics of now are only read. What is rebuilt becomes visible at once, in one transaction, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from lead_qualifier.client.held_leads import read_held_leads
from lead_qualifier.client.rulebook import Rulebook, read_rulebook
from lead_qualifier.engine import PlainRecord, UnreadableRecord
from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.kafka.admin import PartitionId
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import bad_header_name
from lead_qualifier.maintenance.positions import PositionRepair, WorkersRun
from lead_qualifier.maintenance.rebuild.comparing import Compared, compare
from lead_qualifier.maintenance.rebuild.replay import Replay, in_order
from lead_qualifier.maintenance.rebuild.timeline import Audited, CannotRebuild, Timeline, newest_revision, timeline
from lead_qualifier.maintenance.tally import Tally
from lead_qualifier.maintenance.topics_alike import create_topics_alike
from lead_qualifier.messages.decode import BadMessage, decode_model_command
from lead_qualifier.messages.definition_reading import model_of
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.messages.topics import (
    COMMAND_STATE,
    LEAD_CHANGED,
    LEAD_QUALIFIED,
    LEAD_STATE,
    QUALIFICATION_COMMANDS,
    QUALIFICATION_MODEL_CHANGED,
    STATE_TOPICS,
    Topic,
)
from lead_qualifier.qualification.models import InvalidModel, QualificationModel
from lead_qualifier.qualification.rules import UnknownLeads
from lead_qualifier.services.topology import WORKER

Told = Callable[[str], None]

_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifications:
    """The lead-qualified events by their ids: those that the rebuild comes to, and those that are on the topic.

    Of leads about which the workers have not decided all yet only the first are counted.
    """

    rebuilt: int
    live: int
    only_live: int
    only_rebuilt: int
    checksum: str
    """Of the rebuilt ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was rebuilt and how it compares. Of the same topics `leads` and `qualifications` are always the same."""

    leads: Tally
    records: int
    """Input records that were decided."""
    rejected: int
    """Of them those that cannot be read: dead letters to a worker."""
    changes: int
    """Changes of the rules that the audit trail tells of."""
    oldest: Mapping[str, int]
    """By topic the time of the oldest record that was read (milliseconds since 1970)."""
    compared: Compared
    qualifications: Qualifications
    undecided: int
    """Records that the workers have not decided yet."""
    workers_run: bool


class Rebuild:
    """One rebuild."""

    def __init__(
        self,
        connection: Connection,
        *,
        topic_prefix: str,
        state_prefix: str,
        group_id: str,
        name: str,
        since_ms: int | None,
        unknown_leads: UnknownLeads,
        time_tolerance: timedelta,
    ) -> None:
        """`name`: the application id to rebuild for. `since_ms`: where scores begin; None: at the first there is."""
        self._connection = connection
        self._prefix = topic_prefix
        self._state_prefix = state_prefix
        self._group_id = group_id
        self._name = name
        self._since_ms = since_ms
        self._unknown_leads = unknown_leads
        self._time_tolerance = time_tolerance
        self._reader = TopicReader(connection)

    @property
    def state_prefix(self) -> str:
        """What stands before the names of the rebuilt state's topics."""
        return f"{self._prefix}{self._name}."

    def run(self, *, limit: int, told: Told) -> Rebuilt:
        """Rebuild, compare and write. `limit`: differences to keep.

        Raises CannotRebuild, WorkersRun, TopicMissing, ReadIncomplete, UnreadableState, NotAllowed, KafkaException.
        """
        if self._name == self._group_id:
            raise CannotRebuild(f"{self._name} is the current application id: choose another one for --as")
        self._positions(self._name).check_nobody_works(patience=0)
        rules = self._timeline()
        partitions = [number for _, number in self._reader.admin.partitions(self._state(LEAD_STATE))]
        inputs = {
            state: self._reader.admin.topic_ids([topic.full_name(self._prefix) for topic in topics])
            for state, topics in WORKER.changelogs.items()
        }
        told("reading what the workers hold")
        live = read_held_leads(self._reader, topic_prefix=self._prefix, state_prefix=self._state_prefix)
        oldest: dict[str, int] = {}
        ahead: set[bytes] = set()
        replays = [
            self._replay(number, len(partitions), rules, live.positions.get(number), live.leads, ahead, oldest, told)
            for number in partitions
        ]
        leads = {key: value for replay in replays for key, value in replay.leads.items()}
        told("comparing")
        compared = compare(live.leads, leads, ahead=ahead, limit=limit)
        qualifications = self._qualifications(replays, ahead)
        tally = Tally()
        for key, value in leads.items():
            tally.add(key, value)
        told(f"writing {len(leads):,} leads")
        self._write(replays, live.positions, inputs)
        return Rebuilt(
            leads=tally,
            records=sum(replay.decided for replay in replays),
            rejected=sum(replay.rejected for replay in replays),
            changes=len(rules),
            oldest=oldest,
            compared=compared,
            qualifications=qualifications,
            undecided=live.undecided,
            workers_run=self._workers_run(),
        )

    def _state(self, topic: Topic) -> str:
        return topic.full_name(self._state_prefix)

    def _positions(self, group_id: str) -> PositionRepair:
        return PositionRepair(self._connection, topic_prefix=self._prefix, group_id=group_id)

    def _workers_run(self) -> bool:
        try:
            self._positions(self._group_id).check_nobody_works(patience=0)
        except WorkersRun:
            return True
        return False

    # -- the rules

    def _timeline(self) -> Timeline:
        book = read_rulebook(self._connection, topic_prefix=self._prefix)
        name = QUALIFICATION_MODEL_CHANGED.full_name(self._prefix)
        trail = self._reader.read_topic(name)
        events = [(message.timestamp_ms, message.value or b"") for message in trail]
        told, held = newest_revision(events), book.rules().revision
        if told < held:
            raise CannotRebuild(
                f"{name} tells of the rules up to revision {told}, but they stand at {held}: some of it is gone (was "
                "the topic created anew?), and with it what leads were decided by. Restore it; there is no state to "
                "rebuild without it"
            )
        return timeline(events, elsewhere=self._elsewhere(book), unknown_leads=self._unknown_leads)

    def _elsewhere(self, book: Rulebook) -> Callable[[Audited], QualificationModel | None]:
        """Definitions that events do not carry (an older version wrote them): from the commands, from what is held."""
        commands: dict[int, Any] | None = None

        def find(event: Audited) -> QualificationModel | None:
            nonlocal commands
            if event.command == "apply":
                if commands is None:
                    places = self._reader.admin.partitions(QUALIFICATION_COMMANDS.full_name(self._prefix))
                    commands = {message.offset: message for message in self._reader.read(places)}
                message = commands.get(event.origin.offset)
                return None if message is None else _applied(message)
            held = book.model(event.qualification_model_id or "")
            return None if held is None or held.version != event.version else held.published

        return find

    # -- the leads

    def _replay(  # noqa: PLR0917  each is another matter
        self,
        number: int,
        partitions: int,
        rules: Timeline,
        live: Checkpoint | None,
        held: Mapping[bytes, bytes],
        ahead: set[bytes],
        oldest: dict[str, int],
        told: Told,
    ) -> Replay:
        """`live`: where the workers stood when their state was read, and where the rebuilt state ends; None: nowhere,
        and all is decided. `held`: the leads as they were then. `ahead` gets the leads of later records.
        """
        decided = {} if live is None else live.next
        replay = Replay(
            number,
            topic_prefix=self._prefix,
            partitions=partitions,
            rules=rules,
            time_tolerance=self._time_tolerance,
            live=live,
            held=held,
        )
        streams = []
        for topic in WORKER.changelogs[LEAD_STATE]:
            place = (topic.full_name(self._prefix), number)
            begin = self._begin(topic, place)
            replay.next[place[0]] = begin
            streams.append(self._records(place, begin, oldest))
        for written_ms, record in in_order(*streams, now_ms=int(time.time() * 1000)):
            if live is not None and record.offset >= decided.get(record.topic, 0):
                # nothing is emitted here, so what follows from it is for those to decide who go over to the result
                if record.key is not None:
                    ahead.add(record.key)
                continue
            replay.decide(record, written_ms)
            if replay.decided % _AT_ONCE == 0:
                told(f"partition {number + 1} of {partitions}: {replay.decided:,} records decided")
        replay.next |= decided
        # rules that came after the last record have an effect as well: a sweep
        replay.finish(max([replay.clock, *(at for at, _ in rules[-1:])]))
        return replay

    def _begin(self, topic: Topic, place: PartitionId) -> int:
        # lead-changed is compacted: what the CRM said last of a lead may be as old as the lead
        if self._since_ms is None or topic is LEAD_CHANGED:
            return self._reader.admin.first([place])[place]
        return self._reader.admin.since([place], self._since_ms)[place]

    def _records(self, place: PartitionId, begin: int, oldest: dict[str, int]) -> Iterator[PlainRecord]:
        topic, partition = place
        for message in self._reader.read([place], {place: begin}):
            at = message.timestamp_ms
            if has_time(at) and at < oldest.get(topic, at + 1):
                oldest[topic] = at
            headers = message.headers or ()
            fields = (topic, partition, message.offset, at, message.key, message.value, headers)
            reason = bad_header_name(headers)
            yield PlainRecord(*fields) if reason is None else UnreadableRecord(*fields, reason=reason)

    def _qualifications(self, replays: list[Replay], ahead: set[bytes]) -> Qualifications:
        rebuilt = {event_id for replay in replays for event_id in replay.qualified}
        compared = {
            event_id
            for replay in replays
            for event_id, lead_id in replay.qualified.items()
            if lead_id.encode() not in ahead
        }
        live = set()
        for message in self._reader.read_topic(LEAD_QUALIFIED.full_name(self._prefix)):
            for name, content in message.headers or ():
                if name == "ce_id" and message.key not in ahead:
                    live.add((content or b"").decode(errors="replace"))
        tally = Tally()
        for event_id in rebuilt:
            tally.add(None, event_id.encode())
        return Qualifications(
            rebuilt=len(rebuilt),
            live=len(live),
            only_live=len(live - compared),
            only_rebuilt=len(compared - live),
            checksum=tally.checksum,
        )

    # -- writing

    def _write(
        self,
        replays: list[Replay],
        live: Mapping[int, Checkpoint],
        inputs: Mapping[Topic, Mapping[str, str]],
    ) -> None:
        """`inputs`: the ids of the topics whose positions each state holds, from before they were read."""
        create_topics_alike(
            self._connection, STATE_TOPICS, like=self._state_prefix, prefix=self.state_prefix, partitions=len(replays)
        )
        transaction = Transaction(self._connection, f"{self._name}-rebuild")  # ends what a killed run left open
        commands = self._reader.newest_by_key(self._reader.admin.partitions(self._state(COMMAND_STATE)))
        before = {
            topic: self._reader.newest_by_key(self._reader.admin.partitions(topic.full_name(self.state_prefix)))
            for topic in STATE_TOPICS
        }
        with transaction:
            for replay in replays:
                ids = self._ids(LEAD_STATE, live.get(replay.number), inputs)
                self._put_leads(replay, before[LEAD_STATE], ids, transaction)
            self._put_commands(commands, before[COMMAND_STATE], inputs, transaction)
            transaction.commit()

    def _ids(
        self, state: Topic, live: Checkpoint | None, inputs: Mapping[Topic, Mapping[str, str]]
    ) -> Mapping[str, str]:
        """For the position of a rebuilt state: its offsets are those of the inputs that the workers' position means."""
        known = (
            {}
            if live is None
            else {topic: live.topic_ids[topic] for topic in inputs[state].keys() & live.topic_ids.keys()}
        )
        return {**self._reader.admin.topic_ids([state.full_name(self.state_prefix)]), **inputs[state], **known}

    def _put_leads(
        self,
        replay: Replay,
        before: Mapping[bytes | None, Any],
        ids: Mapping[str, str],
        transaction: Transaction,
    ) -> None:
        name = LEAD_STATE.full_name(self.state_prefix)
        for key, value in replay.leads.items():
            transaction.send(name, key, value, partition=replay.number)
        for stale, message in before.items():  # of an earlier rebuild
            if message.partition == replay.number and stale != CHECKPOINT_KEY and stale not in replay.leads:
                transaction.send(name, stale, None, partition=replay.number)
        swept, sweep = replay.position
        position = Checkpoint(
            application=self._name,
            next=replay.next,
            revision=replay.revision,
            swept=swept,
            sweep=sweep,
            clock=replay.clock,
            topic_ids=dict(ids),
        )
        transaction.send(name, CHECKPOINT_KEY, positions.encode(position), partition=replay.number)

    def _put_commands(
        self,
        commands: Mapping[bytes | None, Any],
        before: Mapping[bytes | None, Any],
        inputs: Mapping[Topic, Mapping[str, str]],
        transaction: Transaction,
    ) -> None:
        """Models and answers as they are: nobody decides a command twice."""
        name = COMMAND_STATE.full_name(self.state_prefix)
        for key, message in commands.items():
            value: bytes = message.value  # those without are not among the newest
            if key == CHECKPOINT_KEY:
                position = positions.decode(value)
                ids = dict(self._ids(COMMAND_STATE, position, inputs))
                value = positions.encode(msgspec.structs.replace(position, application=self._name, topic_ids=ids))
            transaction.send(name, key, value, partition=0)
        for gone in before.keys() - commands.keys():
            transaction.send(name, gone, None, partition=0)


def _applied(message: Any) -> QualificationModel | None:
    try:
        if bad_header_name(message.headers or ()) is not None:
            return None
        command = decode_model_command(message.key, message.value, message.headers)
        return model_of(command["definition"]) if command["command"] == "apply" else None
    except (BadMessage, InvalidModel):
        return None  # it was not accepted, then
