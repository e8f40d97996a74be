"""Checks whether a repartition can be done: nothing runs, all input is processed, and the new topics are empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from lead_qualifier.definitions.qualification_models.entries import Stored, decode_stored
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, NEVER_SWEPT, Checkpoint
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.maintenance.checkpoints import CheckpointRepair
from lead_qualifier.maintenance.errors import CannotRepartition
from lead_qualifier.maintenance.service_groups import ServiceGroup, check_nothing_runs, downstream_groups, worker_group
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE
from lead_qualifier.messages.topics import (
    ALL_TOPICS,
    COMMAND_STATE,
    DOWNSTREAM_TOPICS,
    LEAD_STATE,
    QUALIFICATION_TOPICS,
    Topic,
)
from lead_qualifier.services.topic_setup import TopicSetup
from lead_qualifier.services.topology import PROJECTED

_NAMED_AT_MOST = 5


@dataclass(frozen=True, kw_only=True)
class RepartitionRequest:
    """From the topics under one prefix to those under another. `state_prefix`: what precedes the names of the workers'
    changelogs today. `time_tolerance`: how far clocks may differ.
    """

    connection: Connection
    application_id: str
    topic_prefix: str
    state_prefix: str
    to_prefix: str
    partitions: int
    time_tolerance: timedelta = DEFAULT_TOLERANCE

    @property
    def transactional_id(self) -> str:
        """The transactional id of the copy: a later run ends what a killed one left open."""
        return f"{self.application_id}-repartition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the checks have found."""

    before: int
    """Partitions of the topics keyed by lead."""
    groups: tuple[ServiceGroup, ...]
    """The workers, and the downstream services that have processed anything."""
    topics: tuple[Topic, ...]
    """Every topic that exists."""
    checkpoints: Mapping[PartitionId, Checkpoint | None]
    """Of each changelog partition; None where nothing was ever processed."""
    commands: Mapping[bytes | None, Record]
    """The newest record of each key of command-state, without the checkpoint."""
    input_ends: Mapping[PartitionId, int]


class Planner:
    """Makes a plan, and later checks that it still holds."""

    def __init__(self, request: RepartitionRequest, reader: TopicReader) -> None:
        self._request = request
        self._reader = reader
        self._admin = reader.admin
        self._lead_state = LEAD_STATE.full_name(request.state_prefix)

    def plan(self) -> Plan:
        """Raises CannotRepartition, ProcessesRunning, TopicMissing, TopicsUnfit, NotAllowed, ReadIncomplete,
        KafkaException.
        """
        request = self._request
        before = len(self._admin.partitions(self._lead_state))
        if before == request.partitions:
            raise CannotRepartition(f"{self._lead_state} has {before} partitions already")
        workers = worker_group(request.application_id, state_prefix=request.state_prefix)
        downstream = downstream_groups(request.connection, request.application_id, topic_prefix=request.topic_prefix)
        groups = (workers, *downstream)
        TopicSetup(
            request.connection,
            topics=tuple(dict.fromkeys(topic for group in groups for topic in group.service.topics)),
            prefix=request.topic_prefix,
            state_prefix=request.state_prefix,
            partitions=before,
        ).check()
        for group in groups:
            check_nothing_runs(request.connection, group.id)
        stored: dict[PartitionId, Checkpoint | None] = {}
        input_ends: dict[PartitionId, int] = {}
        active = []
        for group in groups:
            of_group = self._checkpoints(group)
            if group is not workers and not any(of_group.values()):
                continue  # a service that has never run: it starts with the new topics as it would with these
            active.append(group)
            ends = self._admin.ends(self._inputs(group, before))
            self._check_processed(group, of_group, ends)
            stored |= of_group
            input_ends |= ends
        existing = self._admin.existing([topic.full_name(request.topic_prefix) for topic in DOWNSTREAM_TOPICS])
        commands = self._reader.newest_by_key(self._admin.partitions(COMMAND_STATE.full_name(request.state_prefix)))
        commands.pop(CHECKPOINT_KEY, None)
        plan = Plan(
            before=before,
            groups=tuple(active),
            topics=(
                *QUALIFICATION_TOPICS,
                *(one for one in DOWNSTREAM_TOPICS if one.full_name(request.topic_prefix) in existing),
            ),
            checkpoints=stored,
            commands=commands,
            input_ends=input_ends,
        )
        self._check_swept(plan)
        self._check_target_is_empty()
        return plan

    def check_unchanged(self, plan: Plan) -> None:
        """Raises CannotRepartition, ProcessesRunning, NotAllowed, KafkaException."""
        for group in plan.groups:
            check_nothing_runs(self._request.connection, group.id, patience=0)
        ends = self._admin.ends(list(plan.input_ends))
        written = [f"{one[0]}-{one[1]}" for one, end in ends.items() if end != plan.input_ends[one]]
        if written:
            raise CannotRepartition(
                f"records were written to {_some(written)} meanwhile, so the copy is incomplete and was dropped: stop "
                "what writes there, let the records be processed, and start again"
            )

    def _checkpoints(self, group: ServiceGroup) -> dict[PartitionId, Checkpoint | None]:
        """The checkpoints of a group, all of which fit the topics."""
        request = self._request
        repair = CheckpointRepair(
            request.connection, group, topic_prefix=request.topic_prefix, time_tolerance=request.time_tolerance
        )
        found: dict[PartitionId, Checkpoint | None] = {}
        for changelog in group.service.changelogs:
            stored = repair.stored(changelog)
            for mismatch in repair.mismatches(changelog, stored):
                topic, number = mismatch.changelog
                option = "" if group.id == request.application_id else " --downstream"
                raise CannotRepartition(
                    f"{topic}-{number}: {mismatch.problem}: first run `lead-qualifier topics repair{option}`, and let "
                    f"`{group.service.command}` process what is left"
                )
            found |= {one: None if value is None else checkpoints.decode(value) for one, value in stored.items()}
        return found

    def _inputs(self, group: ServiceGroup, partitions: int) -> list[PartitionId]:
        return [
            (topic.full_name(self._request.topic_prefix), number)
            for changelog, topics in group.service.changelogs.items()
            for topic in topics
            for number in range(changelog.partition_count(partitions))
        ]

    def _check_processed(
        self,
        group: ServiceGroup,
        stored: Mapping[PartitionId, Checkpoint | None],
        ends: Mapping[PartitionId, int],
    ) -> None:
        next_offsets = dict(self._admin.first(list(ends)))
        for (_, number), checkpoint in stored.items():
            for topic, offset in ({} if checkpoint is None else checkpoint.next).items():
                if (topic, number) in next_offsets:
                    next_offsets[topic, number] = offset
        unprocessed = []
        for partition, offset in next_offsets.items():
            # what follows a checkpoint may be only the marker of a transaction, which is no record
            if offset < ends[partition] and next(self._reader.read([partition], {partition: offset}), None) is not None:
                unprocessed.append(f"{partition[0]}-{partition[1]} (up to {ends[partition] - offset:,} records)")
        if unprocessed:
            raise CannotRepartition(
                f"not all input is processed yet: {_some(unprocessed)}. Stop what writes to these topics, let "
                f"`{group.service.command}` finish (lead_qualifier_lag_records is 0), and stop it"
            )

    def _check_swept(self, plan: Plan) -> None:
        """No sweep of known leads is unfinished."""
        entries: dict[str, Stored] = {}
        for key, record in plan.commands.items():
            try:
                entry = decode_stored(record.value or b"")
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                name = COMMAND_STATE.full_name(self._request.state_prefix)
                raise CannotRepartition(f"{name} holds something unreadable under {key!r}: {error}") from error
            entries[entry.key] = entry
        evaluating = [model for model in rules_from(entries).models.values() if model.evaluates_existing_leads]
        for (topic, number), checkpoint in plan.checkpoints.items():
            if topic != self._lead_state or checkpoint is None or checkpoint.swept == NEVER_SWEPT:
                continue
            models = [model.id for model in evaluating if model.published_revision > checkpoint.swept]
            if models:
                raise CannotRepartition(
                    f"not all known leads of {topic}-{number} have been evaluated since {_some(models)} was published: "
                    "let the workers finish (lead-qualifier worker), and stop them"
                )

    def _check_target_is_empty(self) -> None:
        """The new topics may exist, but may not hold any records."""
        request = self._request
        Transaction(request.connection, request.transactional_id)  # ends what a killed run left open
        names = [topic.full_name(request.to_prefix) for topic in written_in_transactions(ALL_TOPICS)]
        existing = self._admin.existing(names)
        for name in names:
            if name in existing and next(self._reader.read_topic(name), None) is not None:
                raise CannotRepartition(
                    f"{name} holds records already: choose another prefix (--to-prefix), or delete the topics under "
                    f"{request.to_prefix}"
                )


def written_in_transactions(topics: Iterable[Topic]) -> list[Topic]:
    """The topics that services write to in transactions."""
    return [topic for topic in topics if topic.ours and topic not in PROJECTED]


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")
