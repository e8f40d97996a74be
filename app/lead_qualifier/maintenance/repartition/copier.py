"""Copies what an installation holds to the new topics, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lead_qualifier.client.dead_letters import DeadLetter, DeadLetters, Filter, ReplayStatus
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, NEVER_SWEPT, Checkpoint
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId
from lead_qualifier.maintenance.record_checksum import RecordChecksum
from lead_qualifier.maintenance.repartition.plan import Plan, RepartitionRequest
from lead_qualifier.maintenance.service_groups import ServiceGroup
from lead_qualifier.messages.topics import (
    ALL_TOPICS,
    COMMAND_STATE,
    DOWNSTREAM_DEAD_LETTERS,
    LEAD_DEAD_LETTERS,
    LEAD_STATE,
    Partitions,
    Topic,
)
from lead_qualifier.qualification.utc import to_milliseconds

MOVED_FROM = "dl_moved_from"
"""Header of a dead letter that was copied: topic, partition and offset of where it stood before."""

#: How the note that a lead was erased is found in encoded state; to find it in a text as well does no harm.
_ERASED = b'"erased":'


@dataclass(slots=True)
class Copied:
    """What was copied."""

    checksums: dict[Topic, RecordChecksum] = field(default_factory=dict)
    """Of what was written to each topic, checkpoints left out."""
    strays: dict[str, int] = field(default_factory=dict)
    """By the full name of a changelog: records without key, or in a partition that is not their key's. Nobody uses
    them, and they are not copied."""
    dead_letters_left: int = 0
    """Dead letters that are not copied, since they were, or may have been, sent back already."""


@dataclass(slots=True)
class Copier:
    """Writes to a transaction, and counts what it writes in `copied`."""

    request: RepartitionRequest
    plan: Plan
    reader: TopicReader
    transaction: Transaction
    progress: Callable[[str], None]
    copied: Copied = field(default_factory=Copied)

    def copy_group(self, group: ServiceGroup, *, history: bool) -> None:
        """State and audit trails of a service; with `history` what it decided about leads, too."""
        for changelog in group.service.changelogs:
            if changelog.partitions is Partitions.BY_LEAD:
                self._copy_leads(group, changelog)
            else:
                self._copy_newest(group, changelog)
        for topic in (*group.service.audit_trails, *(group.service.lead_events if history else ())):
            self._copy_all(topic)

    def copy_dead_letters(self) -> None:
        """Those that may still be sent back, from now on to the new topics."""
        request = self.request
        for topic in (one for one in (LEAD_DEAD_LETTERS, DOWNSTREAM_DEAD_LETTERS) if one in self.plan.topics):
            dead_letters = DeadLetters(request.connection, topic_prefix=request.topic_prefix, topic=topic)
            plan = dead_letters.plan(dead_letters.find(Filter()), again=False)
            left = {ReplayStatus.REPLAYED, ReplayStatus.UNKNOWN}
            for letter in (one for status, found in plan.items() if status not in left for one in found):
                at = to_milliseconds(letter.at)
                self._write(topic, letter.key, letter.value, headers=self._moved(topic, letter), timestamp_ms=at)
            self._report(topic)
            self.copied.dead_letters_left += sum(len(plan[status]) for status in left)

    def write_checkpoints(self) -> None:
        """One for every partition. Its inputs start at their first record, except those that were copied, which are
        processed already; revisions and time are kept.
        """
        for group in self.plan.groups:
            for changelog, inputs in group.service.changelogs.items():
                name = changelog.full_name(group.state_prefix)
                old = [one for (topic, _), one in self.plan.checkpoints.items() if topic == name and one is not None]
                swept = [one.swept for one in old if one.swept != NEVER_SWEPT]
                topics = [topic.full_name(self.request.to_prefix) for topic in (changelog, *inputs)]
                ids = self.reader.admin.topic_ids(topics)
                for topic, number in self.reader.admin.partitions(topics[0]):
                    copied = [one for one in inputs if one in self.copied.checksums]
                    starts = self.reader.admin.first(self._inputs(number, set(inputs).difference(copied)))
                    starts |= self.reader.admin.ends(self._inputs(number, copied))
                    checkpoint = Checkpoint(
                        application=group.id,
                        next={one: offset for (one, _), offset in starts.items()},
                        revision=max((one.revision for one in old), default=0),
                        # every publish has been swept, be it the older or the newer revision
                        swept=min(swept, default=NEVER_SWEPT),
                        clock=max((one.clock for one in old), default=0),
                        topic_ids=ids,
                    )
                    self.transaction.send(topic, CHECKPOINT_KEY, checkpoints.encode(checkpoint), partition=number)

    def problems(self, begin: Mapping[PartitionId, int]) -> list[str]:
        """What is wrong with the copy, read back from `begin` before it is committed; empty if nothing is."""
        reader = TopicReader(self.request.connection, committed=False)
        by_lead = {
            one
            for group in self.plan.groups
            for one in group.service.changelogs
            if one.partitions is Partitions.BY_LEAD
        }
        problems = []
        for topic, checksum in self.copied.checksums.items():
            name = topic.full_name(self.request.to_prefix)
            found, misplaced = RecordChecksum(), 0
            for record in reader.read([], {one: offset for one, offset in begin.items() if one[0] == name}):
                if record.key == CHECKPOINT_KEY:
                    continue
                if topic in by_lead:
                    after = self.request.partitions
                    misplaced += record.key is None or partition_of(record.key, after) != record.partition
                found.add(record.key, record.value)
            if misplaced:
                problems.append(f"{name} holds {misplaced} records in the wrong partition for their key")
            if found != checksum:
                problems.append(f"{name} holds {found} records after the copy, expected {checksum}")
        return problems

    def _copy_leads(self, group: ServiceGroup, changelog: Topic) -> None:
        """Each lead to the partition that is now its own. Holds one old partition at a time in memory."""
        name = changelog.full_name(group.state_prefix)
        partitions = self.reader.admin.partitions(name)
        self.copied.checksums[changelog] = RecordChecksum()
        for partition in partitions:
            for key, record in self.reader.newest_by_key([partition]).items():
                if key == CHECKPOINT_KEY:
                    continue
                if key is None or partition_of(key, self.plan.before) != partition[1]:
                    self.copied.strays[name] = self.copied.strays.get(name, 0) + 1
                    continue
                assert record.value is not None  # a record without one is no key's newest
                value = record.value if changelog is LEAD_STATE else without_erasure(record.value)
                if value is not None:
                    number = partition_of(key, self.request.partitions)
                    self._write(changelog, key, value, partition=number, timestamp_ms=record.timestamp_ms)
            count = self.copied.checksums[changelog].count
            self.progress(f"{changelog.name}: {partition[1] + 1} of {len(partitions)} partitions, {count:,} leads")

    def _copy_newest(self, group: ServiceGroup, changelog: Topic) -> None:
        """What one partition holds, to one partition."""
        if changelog is COMMAND_STATE:
            newest = self.plan.commands
        else:
            newest = self.reader.newest_by_key(self.reader.admin.partitions(changelog.full_name(group.state_prefix)))
        self.copied.checksums[changelog] = RecordChecksum()
        for key, record in newest.items():
            if key != CHECKPOINT_KEY:
                self._write(changelog, key, record.value, partition=0, timestamp_ms=record.timestamp_ms)

    def _copy_all(self, topic: Topic) -> None:
        """Every record that is retained, with its headers and its time; those of one key in their order."""
        self.copied.checksums[topic] = RecordChecksum()
        for record in self.reader.read_topic(topic.full_name(self.request.topic_prefix)):
            self._write(topic, record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
        self._report(topic)

    def _write(self, topic: Topic, key: bytes | None, value: bytes | None, **more: Any) -> None:
        self.copied.checksums.setdefault(topic, RecordChecksum()).add(key, value)
        self.transaction.send(topic.full_name(self.request.to_prefix), key, value, **more)

    def _report(self, topic: Topic) -> None:
        self.progress(f"{self.copied.checksums.setdefault(topic, RecordChecksum()).count:,} records of {topic.name}")

    def _moved(self, topic: Topic, letter: DeadLetter) -> list[tuple[str, bytes | None]]:
        request, origin = self.request, letter.topic
        if origin in {one.full_name(request.topic_prefix) for one in ALL_TOPICS}:
            origin = request.to_prefix + origin.removeprefix(request.topic_prefix)
        return [
            *letter.headers,
            (MOVED_FROM, f"{topic.full_name(request.topic_prefix)}:{letter.id}".encode()),
            ("dl_topic", origin.encode()),
            ("dl_partition", _digits(letter.topic_partition)),
            ("dl_offset", _digits(letter.topic_offset)),
            ("dl_reason", letter.reason.encode()),
        ]

    def _inputs(self, number: int, topics: Iterable[Topic]) -> list[PartitionId]:
        return [(topic.full_name(self.request.to_prefix), number) for topic in topics]


def without_erasure(value: bytes) -> bytes | None:
    """A lead's state at a downstream service without the note that the lead was erased; None if nothing else is held.

    The note names an offset of the old lead-changed, and everything that it is for has been processed.
    """
    if _ERASED not in value:
        return value
    try:
        state: dict[str, Any] = msgspec.json.decode(value, type=dict[str, Any])
        state["facts"].pop("erased", None)
    except (msgspec.DecodeError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return value  # no state of ours: it is copied as it is
    return msgspec.json.encode(state) if any(state.values()) else None


def _digits(number: int | None) -> bytes:
    """As a header; empty where the dead letter did not say."""
    return b"" if number is None else str(number).encode()
