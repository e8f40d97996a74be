"""Finds where positions no longer fit the topics, so that no worker may start, and puts them right."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.engine.clock import DEFAULT_TOLERANCE_SECONDS, tolerance_ms
from lead_qualifier.kafka.admin import PartitionId
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.groups import committed_offsets, delete_group, member_hosts
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.topology import WORKER

_SECONDS = 30.0
_GONE_SECONDS = 13.0


class WorkersRun(Exception):
    """Positions may change only while no worker runs; the message says who does."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One partition of a changelog whose position does not fit. `problem` and `remedy` are for people."""

    changelog: PartitionId
    problem: str
    remedy: str
    corrected: Checkpoint | None = None
    """The position to write instead; None where the group's offsets are to go, or there is no remedy."""
    forget_offsets: bool = False

    @property
    def can_be_repaired(self) -> bool:
        """Is there a remedy?"""
        return self.corrected is not None or self.forget_offsets


class PositionRepair:
    """Looks at and repairs the positions of one consumer group: by default that of the workers."""

    def __init__(
        self,
        connection: Connection,
        *,
        topic_prefix: str,
        group_id: str,
        state_prefix: str | None = None,
        changelogs: Mapping[Topic, tuple[Topic, ...]] | None = None,
        clock_seconds: float = DEFAULT_TOLERANCE_SECONDS,
    ) -> None:
        """`state_prefix`: what stands before the changelogs' names, if that is not the topics' prefix.
        `clock_seconds`: how far ahead of this machine's time a position's clock may be.
        """
        self._changelogs = WORKER.changelogs if changelogs is None else changelogs
        self._connection = connection
        self._prefix = topic_prefix
        self._state_prefix = topic_prefix if state_prefix is None else state_prefix
        self._group_id = group_id
        self._clock_ms = tolerance_ms(clock_seconds)
        self._reader = TopicReader(connection)
        self._admin = self._reader.admin

    def check_nobody_works(self, *, patience: float = _GONE_SECONDS) -> None:
        """Raises WorkersRun if some still do after `patience` seconds.

        The broker counts one that ended without leaving, as a worker does that refuses its position, for ten seconds.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                self._check_group_empty()
                return
            except WorkersRun:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _check_group_empty(self) -> None:
        hosts = member_hosts(self._admin, self._group_id, timeout=_SECONDS)
        if hosts:
            raise WorkersRun(
                f"{len(hosts)} processes of {self._group_id} run ({', '.join(sorted(set(hosts)))}): stop all of them "
                "first"
            )

    def find(self) -> list[Misfit]:
        """Every partition that does not fit. Raises TopicMissing, ReadIncomplete, KafkaException."""
        return [misfit for changelog in self._changelogs for misfit in self.misfits(changelog, self.held(changelog))]

    def repair(self, misfits: Sequence[Misfit]) -> None:
        """Write what `find` found to be right. Raises WorkersRun, KafkaException."""
        self.check_nobody_works()
        producer = Producer(self._connection)
        for misfit in misfits:
            if misfit.corrected is not None:
                topic, partition = misfit.changelog
                producer.send(topic, CHECKPOINT_KEY, positions.encode(misfit.corrected), partition=partition)
        producer.flush()
        if any(misfit.forget_offsets for misfit in misfits):
            # The positions are what counts: the group's offsets only tell that there was state once.
            delete_group(self._admin, self._group_id, timeout=_SECONDS)

    def held(self, changelog: Topic) -> dict[PartitionId, bytes | None]:
        """The newest position of each partition as it is written; None where there is none.

        Raises TopicMissing, ReadIncomplete, KafkaException.
        """
        places = self._admin.partitions(changelog.full_name(self._state_prefix))
        held: dict[PartitionId, bytes | None] = dict.fromkeys(places)
        for message in self._reader.read(places):
            if message.key == CHECKPOINT_KEY:
                held[message.topic, message.partition] = message.value
        return held

    def misfits(self, changelog: Topic, held: Mapping[PartitionId, bytes | None]) -> Iterator[Misfit]:
        """Every partition of a changelog whose position, as `held`, does not fit."""
        topics = [topic.full_name(self._prefix) for topic in self._changelogs[changelog]]
        wanted = [partition for topic in topics for partition in self._admin.partitions(topic)]
        first, ends = self._admin.first(wanted), self._admin.ends(wanted)
        committed = committed_offsets(self._connection.confluent(), self._group_id, wanted, timeout=_SECONDS)
        ids = self._admin.topic_ids([changelog.full_name(self._state_prefix), *topics])
        for place, value in held.items():
            here = [(topic, place[1]) for topic in topics if (topic, place[1]) in first]
            if value is None:
                read = [one for one in here if one in committed]
                if read:
                    yield self._gone(place, read, committed)
                continue
            yield from self._outside(place, value, here, first, ends, ids)

    def _gone(self, place: PartitionId, read: Sequence[PartitionId], committed: dict[PartitionId, int]) -> Misfit:
        told = ", ".join(f"{topic}-{partition} up to {committed[topic, partition]}" for topic, partition in read)
        return Misfit(
            place,
            f"holds no state, but group {self._group_id} has read {told}: the state is gone",
            "forget the group's offsets: workers start from what the input topics still hold, and leads may qualify "
            "again (with the event_id they had)",
            forget_offsets=True,
        )

    def _outside(  # noqa: PLR0917  each is another matter
        self,
        place: PartitionId,
        value: bytes,
        here: Sequence[PartitionId],
        first: Mapping[PartitionId, int],
        ends: Mapping[PartitionId, int],
        ids: Mapping[str, str],
    ) -> Iterator[Misfit]:
        try:
            position = positions.decode(value)
        except (positions.UnknownFormat, msgspec.DecodeError) as error:
            yield Misfit(place, f"its position is unreadable: {error}", "none by this program")
            return
        if position.application != self._group_id:
            yield Misfit(
                place,
                f"its state belongs to application {position.application}, not {self._group_id}",
                f"set LEAD_QUALIFIER_APPLICATION_ID={position.application}, or another LEAD_QUALIFIER_TOPIC_PREFIX",
            )
            return
        others = positions.other_topics(position, ids)
        moved: dict[str, int] = {}
        told = []
        again = ""
        if place[0] in others:
            told.append("was deleted and created again while workers ran: the state that it held before is gone")
            moved = {topic: first[topic, partition] for topic, partition in here}
            again = "; leads may qualify again (with the event_id they had)"
        for topic, partition in here:
            at, low, high = position.next.get(topic), first[topic, partition], ends[topic, partition]
            if topic in others:
                why = "it was deleted and created again"
            elif topic in position.set_back:
                why = "it was truncated, or deleted and created again, while it was read"
            elif at is None or low <= at <= high:
                continue
            elif at > high:
                why = "it was truncated, or deleted and created again"
            else:
                why = f"{low - at} records were dropped before they were read"
            told.append(f"{topic}-{partition} holds {low} to {high}, the position is {at}: {why}")
            moved[topic] = low
        remedies = []
        corrected = position
        if told:
            corrected = msgspec.structs.replace(
                corrected, next={**position.next, **moved}, topic_ids={**position.topic_ids, **ids}, set_back={}
            )
            remedy = ", ".join(f"{topic} from {offset}" for topic, offset in moved.items())
            remedies.append(f"read {remedy}: the first record there is{again}")
        now_ms = int(time.time() * 1000)
        if (ahead_ms := position.clock - now_ms) > self._clock_ms:
            told.append(
                f"its clock is {_duration(ahead_ms)} ahead of this machine's, and its timers stand still until then"
            )
            remedies.append("set it to this machine's time")
            corrected = msgspec.structs.replace(corrected, clock=now_ms)
        if remedies:
            yield Misfit(place, "; ".join(told), "; ".join(remedies), corrected)


def _duration(ms: int) -> str:
    return str(timedelta(seconds=ms // 1000))
