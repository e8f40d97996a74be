"""Dead letters: records that could not be handled, why, and sending them back to where they came from.

A dead letter names its origin in its headers. Any login that can write to the dead letter topic can put
anything there, so records are sent back only to topics that such dead letters come from.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial

from confluent_kafka import KafkaError

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record, portable_name
from lead_qualifier.messages.topics import DOWNSTREAM_DEAD_LETTERS, LEAD_DEAD_LETTERS, Topic
from lead_qualifier.qualification.utc import from_milliseconds, to_milliseconds
from lead_qualifier.services.topology import DOWNSTREAM_REPLAYABLE, WORKER_REPLAYABLE

REPLAYED_FROM = "dl_replayed_from"
"""Header of a record that was sent back: partition and offset of its dead letter."""

Header = tuple[str, bytes | None]
_ORIGIN = ("dl_topic", "dl_partition", "dl_offset", "dl_reason")
_TRUNCATED = re.compile(r"\(cut to fit: it had [0-9]+ headers, [0-9]+ bytes of key and [0-9]+ of value\)$")
_NUMBER = re.compile(rb"[0-9]{1,19}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be handled, as it came, and its origin as its headers name it."""

    partition: int
    offset: int
    at: datetime
    """When it became a dead letter."""
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    """The original ones; names that are not UTF-8 are escaped."""
    topic: str
    """The origin's full name."""
    topic_partition: int | None
    """None if the header is not in digits; so too the offset."""
    topic_offset: int | None
    reason: str

    @property
    def id(self) -> str:
        """`partition:offset` among the dead letters, as commands name it."""
        return f"{self.partition}:{self.offset}"

    @property
    def truncated(self) -> bool:
        """Was it too large to be kept whole? Then there is nothing to send back."""
        return _TRUNCATED.search(self.reason) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters to find; None and an empty set match all."""

    topic: str | None = None
    """The origin, with or without the prefix."""
    reason: str | None = None
    """Text in the reason, in any case."""
    key: str | None = None
    ids: frozenset[str] = frozenset()

    def matches(self, letter: DeadLetter, topic_prefix: str) -> bool:
        """Does the dead letter meet all of it?"""
        return (
            (self.topic is None or letter.topic in {self.topic, topic_prefix + self.topic})
            and (self.reason is None or self.reason.casefold() in letter.reason.casefold())
            and (self.key is None or letter.key == self.key.encode())
            and (not self.ids or letter.id in self.ids)
        )


class ReplayStatus(Enum):
    """Whether a dead letter is to be sent back, and if not, why."""

    PENDING = "pending"
    REPLAYED = "replayed"
    """It was sent back before."""
    UNKNOWN = "unknown"
    """The origin no longer holds all records since (retention), so nobody knows whether it was sent back."""
    TRUNCATED = "truncated"
    TOPIC_MISSING = "topic_missing"
    """Its origin no longer exists."""
    OTHER_TOPIC = "other_topic"
    """It names a topic that is no input of this installation."""


ReplayPlan = Mapping[ReplayStatus, Sequence[DeadLetter]]
"""Every dead letter under its status, in the order of its origin."""


class DeadLetters:
    """The dead letters of an installation: those of its workers, or with another `topic` those of its services."""

    def __init__(self, connection: Connection, *, topic_prefix: str, topic: Topic = LEAD_DEAD_LETTERS) -> None:
        self._topic = topic.full_name(topic_prefix)
        self._connection = connection
        self._prefix = topic_prefix
        replayable = DOWNSTREAM_REPLAYABLE if topic == DOWNSTREAM_DEAD_LETTERS else WORKER_REPLAYABLE
        self._origins = frozenset(one.full_name(topic_prefix) for one in replayable)
        self._reader = TopicReader(connection)

    def find(self, wanted: Filter) -> Iterator[DeadLetter]:
        """Those that match, in no certain order. Raises TopicMissing, NotAllowed, ReadIncomplete, KafkaException."""
        for record in self._reader.read_topic(self._topic):
            letter = letter_of(record)
            if letter is not None and wanted.matches(letter, self._prefix):
                yield letter

    def plan(self, letters: Iterable[DeadLetter], *, again: bool) -> ReplayPlan:
        """Find out which were sent back before, by reading their origins from that time on. With `again` these count as
        pending, too. Raises as `find`.
        """
        plan: dict[ReplayStatus, list[DeadLetter]] = {status: [] for status in ReplayStatus}
        by_topic: dict[str, list[DeadLetter]] = {}
        for letter in sorted(letters, key=_origin_order):
            if letter.topic not in self._origins:
                plan[ReplayStatus.OTHER_TOPIC].append(letter)
            elif letter.truncated:
                plan[ReplayStatus.TRUNCATED].append(letter)
            else:
                by_topic.setdefault(letter.topic, []).append(letter)
        existing = self._reader.admin.existing(by_topic)
        for topic, of_topic in by_topic.items():
            if topic not in existing:
                plan[ReplayStatus.TOPIC_MISSING] += of_topic
            elif again:
                plan[ReplayStatus.PENDING] += of_topic
            else:
                seen, complete_from = self._sent_back(topic, min(letter.at for letter in of_topic))
                for letter in of_topic:
                    plan[_status(letter, seen.get(letter.id), complete_from)].append(letter)
        return plan

    def send_back(self, letters: Sequence[DeadLetter], sent: Callable[[DeadLetter], None]) -> list[tuple[str, str]]:
        """Send the pending dead letters of a plan to where they came from, with key, value and headers.

        `sent` gets each that arrived. Returns id and reason of those that did not.
        """
        producer = Producer(self._connection, in_order=True)  # what concerns one lead keeps its order
        failed: list[tuple[str, str]] = []

        def delivered(letter: DeadLetter, error: KafkaError | None) -> None:
            if error is None:
                sent(letter)
            else:
                failed.append((letter.id, error.str()))

        for letter in letters:
            headers = [*(one for one in letter.headers if one[0] != REPLAYED_FROM), (REPLAYED_FROM, letter.id.encode())]
            producer.send(letter.topic, letter.key, letter.value, headers=headers, delivered=partial(delivered, letter))
        producer.flush()
        return failed

    def _sent_back(self, topic: str, since: datetime) -> tuple[dict[str, datetime], datetime | None]:
        """By id, when dead letters were sent back to the topic since then; and from when on the topic still holds all
        records, None if since then.
        """
        partitions = self._reader.admin.partitions(topic)
        start = self._reader.admin.since(partitions, max(0, to_milliseconds(since)))
        first = self._reader.admin.first(partitions)
        expired = any(start[partition] == first[partition] > 0 for partition in partitions)
        seen: dict[str, datetime] = {}
        oldest: datetime | None = None
        for record in self._reader.read(partitions, start):
            at = _time(record)
            oldest = at if oldest is None else min(oldest, at)
            for name, content in record.headers:
                if name == REPLAYED_FROM and content is not None:
                    seen[content.decode(errors="replace")] = at
        return seen, (oldest or datetime.now(UTC)) if expired else None


def _status(letter: DeadLetter, sent_back: datetime | None, complete_from: datetime | None) -> ReplayStatus:
    if sent_back is not None and sent_back >= letter.at:
        return ReplayStatus.REPLAYED
    if complete_from is not None and letter.at < complete_from:
        return ReplayStatus.UNKNOWN
    return ReplayStatus.PENDING


def letter_of(record: Record) -> DeadLetter | None:
    """The dead letter that a record is; None if it is not one of ours. The four headers about its origin come last."""
    headers: list[Header] = [(portable_name(name), content) for name, content in record.headers or ()]
    origin = headers[-len(_ORIGIN) :]
    if tuple(name for name, _ in origin) != _ORIGIN:
        return None
    (_, topic), (_, partition), (_, offset), (_, reason) = origin
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        at=_time(record),
        key=record.key,
        value=record.value,
        headers=tuple(headers[: -len(_ORIGIN)]),
        topic=_text(topic),
        topic_partition=_digits(partition),
        topic_offset=_digits(offset),
        reason=_text(reason),
    )


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")


def _digits(content: bytes | None) -> int | None:
    return int(content) if content is not None and _NUMBER.fullmatch(content) else None


def _origin_order(letter: DeadLetter) -> tuple[str, int, int, int, int]:
    """As they stood in their topics; those that do not say where come last."""
    where = [sys.maxsize if one is None else one for one in (letter.topic_partition, letter.topic_offset)]
    return (letter.topic, where[0], where[1], letter.partition, letter.offset)


def _time(record: Record) -> datetime:
    return from_milliseconds(max(0, record.timestamp_ms))
