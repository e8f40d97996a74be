"""Gives an installation another number of partitions: a second set of topics, and in it all that is held.

Leads move when the number changes, so topics cannot be grown in place. The first set is only read: it is the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from lead_qualifier.client.dead_letters import DeadLetter, DeadLetters, Filter
from lead_qualifier.definitions.qualification_models.entries import (
    ProcessedCommands,
    Stored,
    decode_stored,
)
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, NEVER_SWEPT, Checkpoint
from lead_qualifier.kafka.admin import PartitionId
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer, Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.maintenance.deciding_groups import DecidingGroup, services, workers
from lead_qualifier.maintenance.positions import PositionRepair
from lead_qualifier.maintenance.tally import Tally
from lead_qualifier.maintenance.topics_alike import create_alike
from lead_qualifier.messages.downstream_topics import CATALOGUE as DOWNSTREAM
from lead_qualifier.messages.downstream_topics import DOWNSTREAM_DEAD_LETTERS, KINDS, definitions
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE
from lead_qualifier.messages.topics import (
    CATALOGUE,
    COMMAND_STATE,
    LEAD_DEAD_LETTERS,
    LEAD_STATE,
    QUALIFICATION_MODELS,
    Partitions,
    Topic,
)
from lead_qualifier.qualification.utc import to_milliseconds
from lead_qualifier.services.topic_setup import TopicSetup

MOVED_FROM = "dl_moved_from"
"""Header of a dead letter that was copied: topic, partition and offset of where it stood before."""

Told = Callable[[str], None]

#: What is shown of what the deciders of commands hold: it is written outside of transactions, and made good by them.
_SHOWN = frozenset({QUALIFICATION_MODELS, *map(definitions, KINDS)})
_NAMED_AT_MOST = 5
#: How the note that a lead was erased is told; it may stand in a text too, which does no harm.
_ERASED = b'"erased":'


class CannotRepartition(Exception):
    """It is not done, and nothing was changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was found when it was looked whether it can be done."""

    before: int
    """Partitions of the topics keyed by lead."""
    groups: tuple[DecidingGroup, ...]
    """The workers, and the downstream services that have decided something."""
    topics: tuple[Topic, ...]
    """All that there are."""
    positions: Mapping[PartitionId, Checkpoint | None]
    """Of every changelog; None where nothing was ever decided."""
    commands: Mapping[bytes | None, Any]
    """The newest record of each key of command-state."""
    input_ends: Mapping[PartitionId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was copied; each tally was the same before and after."""

    tallies: Mapping[Topic, Tally]
    strays: Mapping[str, int]
    """By the full name of a state topic: records without key, or in a partition that is not their key's. Nobody decides
    by them.
    """
    letters_left: int
    """Dead letters that were left behind, since they were, or may have been, sent back already."""


class Repartition:
    """From the topics under one prefix to those under another, with another number of partitions."""

    def __init__(
        self,
        connection: Connection,
        *,
        group_id: str,
        topic_prefix: str,
        state_prefix: str | None = None,
        to_prefix: str,
        partitions: int,
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        """`state_prefix`: what stands before the changelogs of now, if that is not their topics' prefix.
        `time_tolerance`: by so much clocks may differ.
        """
        self._connection = connection
        self._group_id = group_id
        self._from = topic_prefix
        self._state_from = topic_prefix if state_prefix is None else state_prefix
        self._to = to_prefix
        self._after = partitions
        self._tolerance = time_tolerance
        self._reader = TopicReader(connection)

    def plan(self) -> Plan:
        """See that nobody works, that all is decided and swept, and that there is room for the copy.

        Raises CannotRepartition, WorkersRun, TopicMissing, TopicsUnfit, ReadIncomplete, KafkaException.
        """
        before = len(self._reader.admin.partitions(LEAD_STATE.full_name(self._state_from)))
        if before == self._after:
            raise CannotRepartition(f"{LEAD_STATE.full_name(self._state_from)} has {before} partitions already")
        first = workers(self._group_id, state_prefix=self._state_from)
        groups = (first, *services(self._connection, self._group_id, topic_prefix=self._from))
        used = tuple(dict.fromkeys(topic for group in groups for topic in group.topics))
        TopicSetup(
            self._connection, topics=used, prefix=self._from, state_prefix=self._state_from, partitions=before
        ).check()
        for group in groups:
            self._positions(group).check_nobody_works()
        held: dict[PartitionId, Checkpoint | None] = {}
        ends: dict[PartitionId, int] = {}
        decided = []
        for group in groups:
            positions_here = self._fitting_positions(group)
            if group is not first and not any(positions_here.values()):
                continue  # a service that has never run: it begins there as it would here
            decided.append(group)
            ends_here = self._input_ends(group, before)
            self._check_decided(group, positions_here, ends_here)
            held |= positions_here
            ends |= ends_here
        there = self._reader.admin.existing([topic.full_name(self._from) for topic in DOWNSTREAM])
        plan = Plan(
            before=before,
            groups=tuple(decided),
            topics=(*CATALOGUE, *(topic for topic in DOWNSTREAM if topic.full_name(self._from) in there)),
            positions=held,
            commands=self._newest(first, COMMAND_STATE),
            input_ends=ends,
        )
        self._check_swept(plan)
        self._check_room()
        return plan

    def copy(self, plan: Plan, *, history: bool, told: Told) -> Copied:
        """Create the second set of topics and fill it, in one transaction that is committed only if what stands there
        is what stood here. `history`: with what was decided about leads, and dead letters.

        Raises CannotRepartition and what `plan` raises; the first set is as it was in any case.
        """
        create_alike(self._connection, plan.topics, like=self._from, prefix=self._to, partitions=self._after)
        copied = [topic for topic in plan.topics if topic.ours and topic not in _SHOWN]
        begin = self._reader.admin.ends(
            [place for topic in copied for place in self._reader.admin.partitions(topic.full_name(self._to))]
        )
        tallies: dict[Topic, Tally] = {}
        strays: dict[str, int] = {}
        left = 0
        with Transaction(self._connection, self._transactional_id) as transaction:
            for group in plan.groups:
                for state in group.changelogs:
                    if state.partitions is Partitions.ONE:
                        newest = plan.commands if state is COMMAND_STATE else self._newest(group, state)
                        tallies[state] = self._copy_newest(state, newest, transaction)
                    else:
                        tallies[state], stray = self._copy_leads(plan, group, state, transaction, told)
                        strays |= {state.full_name(group.state_prefix): stray} if stray else {}
                for topic in (*group.trails, *(group.emits if history else ())):
                    tallies[topic] = self._copy_all(topic, transaction, told)
            if history:
                for topic in (one for one in (LEAD_DEAD_LETTERS, DOWNSTREAM_DEAD_LETTERS) if one in plan.topics):
                    tallies[topic], stayed = self._copy_letters(topic, transaction, told)
                    left += stayed
            transaction.flush()
            self._put_positions(plan, frozenset(tallies), transaction)
            transaction.flush()
            told("reading back what was copied")
            self._compare(plan, tallies, begin)
            self._check_unchanged(plan)
            self._project(plan)
            transaction.commit()
        return Copied(tallies=tallies, strays=strays, letters_left=left)

    @property
    def _transactional_id(self) -> str:
        return f"{self._group_id}-repartition"

    # -- may it be done?

    def _positions(self, group: DecidingGroup) -> PositionRepair:
        return group.positions(self._connection, self._from, time_tolerance=self._tolerance)

    def _fitting_positions(self, group: DecidingGroup) -> dict[PartitionId, Checkpoint | None]:
        looking = self._positions(group)
        held: dict[PartitionId, Checkpoint | None] = {}
        for changelog in group.changelogs:
            written = looking.held(changelog)
            for misfit in looking.misfits(changelog, written):
                topic, partition = misfit.changelog
                raise CannotRepartition(
                    f"{topic}-{partition}: {misfit.problem}: first `lead-qualifier topics repair"
                    f"{'' if group.id == self._group_id else ' --downstream'}`, and let `{group.command}` decide what "
                    "there is"
                )
            held |= {place: None if value is None else positions.decode(value) for place, value in written.items()}
        return held

    def _input_ends(self, group: DecidingGroup, before: int) -> dict[PartitionId, int]:
        return self._reader.admin.ends(
            [
                (topic.full_name(self._from), partition)
                for changelog, topics in group.changelogs.items()
                for topic in topics
                for partition in range(changelog.partition_count(before))
            ]
        )

    def _check_decided(
        self, group: DecidingGroup, held: Mapping[PartitionId, Checkpoint | None], ends: Mapping[PartitionId, int]
    ) -> None:
        first = self._reader.admin.first(list(ends))
        stands = dict(first)
        for (_, partition), position in held.items():
            for topic, offset in ({} if position is None else position.next).items():
                if (topic, partition) in stands:
                    stands[topic, partition] = offset
        open_ones = {place: offset for place, offset in stands.items() if offset < ends[place]}
        # What stands behind a position may be the end of somebody's transaction only, which is no record.
        undecided = []
        for place, offset in open_ones.items():
            if next(self._reader.read([place], {place: offset}), None) is not None:
                undecided.append(f"{place[0]}-{place[1]} (up to {ends[place] - offset:,} records)")
        if undecided:
            raise CannotRepartition(
                f"not all is decided yet: {_some(undecided)}. Stop what writes to these topics, let "
                f"`{group.command}` come to the end (lead_qualifier_lag_records is 0), and stop it"
            )

    def _check_swept(self, plan: Plan) -> None:
        entries: dict[str, Stored] = {}
        for key, message in plan.commands.items():
            try:
                entry = decode_stored(message.value)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                raise CannotRepartition(
                    f"{COMMAND_STATE.full_name(self._state_from)} holds something unreadable under {key!r}: {error}"
                ) from error
            entries[entry.key] = entry
        wanted = [m for m in rules_from(entries).models.values() if m.evaluates_existing_leads]
        for (topic, partition), position in plan.positions.items():
            if topic != LEAD_STATE.full_name(self._state_from) or position is None or position.swept == NEVER_SWEPT:
                continue
            models = [m.id for m in wanted if m.published_revision > position.swept]
            if models:
                raise CannotRepartition(
                    f"the known leads of {topic}-{partition} are not yet all looked at since {_some(models)} was "
                    "published: let the workers finish (lead-qualifier worker), and stop them"
                )

    def _check_room(self) -> None:
        """The second set may exist, but may hold nothing yet that was decided."""
        Transaction(self._connection, self._transactional_id)  # ends what a killed run has left open
        topics = [topic for topic in (*CATALOGUE, *DOWNSTREAM) if topic.ours and topic not in _SHOWN]
        there = self._reader.admin.existing([topic.full_name(self._to) for topic in topics])
        for topic in topics:
            name = topic.full_name(self._to)
            if name in there and next(self._reader.read_topic(name), None) is not None:
                raise CannotRepartition(
                    f"{name} holds records already: name another prefix (--to-prefix), or delete the topics under "
                    f"{self._to}"
                )

    def _check_unchanged(self, plan: Plan) -> None:
        for group in plan.groups:
            self._positions(group).check_nobody_works(patience=0)
        ends = self._reader.admin.ends(list(plan.input_ends))
        written = [
            f"{topic}-{number}" for (topic, number), end in ends.items() if end != plan.input_ends[topic, number]
        ]
        if written:
            raise CannotRepartition(
                f"something was written to {_some(written)} meanwhile, so the copy is not complete and was dropped: "
                "stop what writes there, let it be decided, and begin again"
            )

    # -- copying

    def _copy_leads(
        self, plan: Plan, group: DecidingGroup, state: Topic, transaction: Transaction, told: Told
    ) -> tuple[Tally, int]:
        """Leads by their keys to where these belong now. One old partition at a time is held in memory."""
        tally, strays = Tally(), 0
        name = state.full_name(self._to)
        places = self._reader.admin.partitions(state.full_name(group.state_prefix))
        for place in places:
            for key, message in self._reader.newest_by_key([place]).items():
                if key == CHECKPOINT_KEY:
                    continue
                if key is None or partition_of(key, plan.before) != place[1]:
                    strays += 1
                    continue
                value = message.value if state is LEAD_STATE else without_erasure(message.value or b"")
                if value is None:
                    continue
                tally.add(key, value)
                partition = partition_of(key, self._after)
                transaction.send(name, key, value, partition=partition, timestamp_ms=message.timestamp_ms)
            told(f"{state.name}: {place[1] + 1} of {len(places)} partitions, {tally.count:,} leads")
        return tally, strays

    def _newest(self, group: DecidingGroup, state: Topic) -> Mapping[bytes | None, Any]:
        held = self._reader.newest_by_key(self._reader.admin.partitions(state.full_name(group.state_prefix)))
        held.pop(CHECKPOINT_KEY, None)
        return held

    def _copy_newest(self, topic: Topic, newest: Mapping[bytes | None, Any], transaction: Transaction) -> Tally:
        """What is held in one partition, to one partition."""
        tally = Tally()
        for key, message in newest.items():
            tally.add(key, message.value)
            name = topic.full_name(self._to)
            transaction.send(name, key, message.value, partition=0, timestamp_ms=message.timestamp_ms)
        return tally

    def _copy_all(self, topic: Topic, transaction: Transaction, told: Told) -> Tally:
        """Every record that is kept, with its headers and its time; those of one key in their order."""
        tally = Tally()
        name = topic.full_name(self._to)
        for message in self._reader.read_topic(topic.full_name(self._from)):
            key, value = message.key, message.value
            tally.add(key, value)
            transaction.send(name, key, value, headers=message.headers, timestamp_ms=message.timestamp_ms)
        told(f"{tally.count:,} records of {topic.name}")
        return tally

    def _copy_letters(self, topic: Topic, transaction: Transaction, told: Told) -> tuple[Tally, int]:
        """Those that may still be sent back, from now on to the topics of the second set."""
        letters = DeadLetters(self._connection, topic_prefix=self._from, topic=topic)
        replay = letters.plan(letters.find(Filter()), again=False)
        tally = Tally()
        name = topic.full_name(self._to)
        for letter in (*replay.fresh, *replay.cut, *replay.homeless, *replay.foreign):
            tally.add(letter.key, letter.value)
            at = to_milliseconds(letter.at)
            transaction.send(name, letter.key, letter.value, headers=self._moved(topic, letter), timestamp_ms=at)
        told(f"{tally.count:,} records of {topic.name}")
        return tally, len(replay.replayed) + len(replay.unsure)

    def _moved(self, topic: Topic, letter: DeadLetter) -> list[Any]:
        origin = letter.topic
        if origin in {one.full_name(self._from) for one in (*CATALOGUE, *DOWNSTREAM)}:
            origin = self._to + origin.removeprefix(self._from)
        before = f"{topic.full_name(self._from)}:{letter.place}"
        return [
            *letter.headers,
            (MOVED_FROM, before.encode()),
            ("dl_topic", origin.encode()),
            ("dl_partition", _number(letter.topic_partition)),
            ("dl_offset", _number(letter.topic_offset)),
            ("dl_reason", letter.reason.encode()),
        ]

    def _put_positions(self, plan: Plan, copied: frozenset[Topic], transaction: Transaction) -> None:
        """One for every partition: its inputs from their first record on, but for what was copied there, which was
        decided before; and nothing forgotten of rules and time.
        """
        for group in plan.groups:
            for changelog, inputs in group.changelogs.items():
                held = changelog.full_name(group.state_prefix)
                known = [p for (topic, _), p in plan.positions.items() if topic == held and p is not None]
                swept = [p.swept for p in known if p.swept != NEVER_SWEPT]
                there = [topic.full_name(self._to) for topic in (changelog, *inputs)]
                ids = self._reader.admin.topic_ids(there)
                for place in self._reader.admin.partitions(there[0]):
                    begins = self._reader.admin.first(self._inputs(place, [one for one in inputs if one not in copied]))
                    begins |= self._reader.admin.ends(self._inputs(place, [one for one in inputs if one in copied]))
                    position = Checkpoint(
                        application=group.id,
                        next={topic: offset for (topic, _), offset in begins.items()},
                        revision=max((p.revision for p in known), default=0),
                        # all are through with every publish there was, be it the older or the newer revision
                        swept=min(swept, default=NEVER_SWEPT),
                        clock=max((p.clock for p in known), default=0),
                        topic_ids=ids,
                    )
                    transaction.send(place[0], CHECKPOINT_KEY, positions.encode(position), partition=place[1])

    def _inputs(self, place: PartitionId, topics: list[Topic]) -> list[PartitionId]:
        """The partitions of these topics that are decided with one of a changelog."""
        return [(topic.full_name(self._to), place[1]) for topic in topics]

    def _compare(self, plan: Plan, expected: Mapping[Topic, Tally], begin: Mapping[PartitionId, int]) -> None:
        reader = TopicReader(self._connection, committed=False)  # nothing is committed yet
        keyed = {one for group in plan.groups for one in group.changelogs if one.partitions is Partitions.BY_LEAD}
        for topic, tally in expected.items():
            name = topic.full_name(self._to)
            found = Tally()
            for message in reader.read([], {place: offset for place, offset in begin.items() if place[0] == name}):
                key = message.key
                if key == CHECKPOINT_KEY:
                    continue
                if topic in keyed and (key is None or partition_of(key, self._after) != message.partition):
                    raise CannotRepartition(f"{name}-{message.partition} holds a lead of another partition")
                found.add(key, message.value)
            if found != tally:
                raise CannotRepartition(
                    f"{name} holds {found} records after the copy, expected {tally}: the copy was dropped. Does "
                    "another program write to these topics? Begin again with another prefix (--to-prefix)"
                )

    def _project(self, plan: Plan) -> None:
        """What workers decide by, as the command decider writes it: without transaction, which would stall its readers.

        A worker makes good what is missing here; until one runs, `model list` shows it.
        """
        producer = Producer(self._connection)
        for key, value in _shown(plan.commands):
            producer.send(QUALIFICATION_MODELS.full_name(self._to), key, value)
        producer.flush()


def without_erasure(value: bytes) -> bytes | None:
    """A lead's state at a downstream service without the note that it was erased; None: nothing else is held.

    The note names an offset of the old lead-changed. All that it is there for has been decided.
    """
    if _ERASED not in value:
        return value
    try:
        state: dict[str, Any] = msgspec.json.decode(value, type=dict[str, Any])
        state["facts"].pop("erased", None)
    except (msgspec.DecodeError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return value  # no state of ours: it is copied as it is
    return msgspec.json.encode(state) if any(state.values()) else None


def _shown(commands: Mapping[bytes | None, Any]) -> Iterator[tuple[bytes | None, bytes]]:
    """Key and value of all that is no answer, in the order in which it was decided."""
    entries = [(decode_stored(message.value), message) for message in commands.values()]
    shown = [(entry, message) for entry, message in entries if not isinstance(entry, ProcessedCommands)]
    for _, message in sorted(shown, key=lambda one: one[0].revision):
        yield message.key, message.value


def _some(names: list[str]) -> str:
    rest = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")


def _number(told: int | None) -> bytes:
    """As a header; empty where the dead letter told none."""
    return b"" if told is None else str(told).encode()
