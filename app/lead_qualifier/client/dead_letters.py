"""Dead letters: what could not be read, why, and sending it back to where it came from.

A dead letter says in its headers where that is. Whoever may write to the topic of dead letters can say anything there:
records go back to topics that such letters come from, and to no other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from confluent_kafka import KafkaError

from lead_qualifier.kafka.admin import PartitionId
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record, portable_name
from lead_qualifier.messages.downstream_topics import DOWNSTREAM_DEAD_LETTERS
from lead_qualifier.messages.topics import LEAD_DEAD_LETTERS, Topic
from lead_qualifier.qualification.utc import from_milliseconds, to_milliseconds
from lead_qualifier.services.topology import DOWNSTREAM_REPLAYABLE, WORKER_REPLAYABLE

REPLAYED_FROM = "dl_replayed_from"
"""Header of a record that was sent back: partition and offset of its dead letter."""

Header = tuple[str, bytes | None]
_ORIGIN = ("dl_topic", "dl_partition", "dl_offset", "dl_reason")
_CUT = re.compile(r"\(cut to fit: it had [0-9]+ headers, [0-9]+ bytes of key and [0-9]+ of value\)$")
_NUMBER = re.compile(rb"[0-9]{1,19}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be handled, as it came, and where from."""

    partition: int
    offset: int
    at: datetime
    """When it became a dead letter."""
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    """Those it came with; names that are not UTF-8 are escaped."""
    topic: str
    """Where it stood, as the broker names it; like all that follows, by its own account."""
    topic_partition: int | None
    """None: it does not say so in digits."""
    topic_offset: int | None
    reason: str

    @property
    def place(self) -> str:
        """`partition:offset` among the dead letters: what a command calls it."""
        return f"{self.partition}:{self.offset}"

    @property
    def cut(self) -> bool:
        """Was it too large to be kept whole? Then there is nothing to send back."""
        return _CUT.search(self.reason) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters are meant; what is not said does not matter."""

    topic: str | None = None
    """Where they came from, with or without the prefix."""
    reason: str | None = None
    """Text in the reason, in small or capital letters."""
    key: str | None = None
    places: frozenset[str] = frozenset()

    def takes(self, letter: DeadLetter, topic_prefix: str) -> bool:
        """Is this one meant?"""
        return (
            (self.topic is None or letter.topic in {self.topic, topic_prefix + self.topic})
            and (self.reason is None or self.reason.casefold() in letter.reason.casefold())
            and (self.key is None or letter.key == self.key.encode())
            and (not self.places or letter.place in self.places)
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be sent back, and what is not because it was, or may have been, already."""

    fresh: tuple[DeadLetter, ...]
    replayed: tuple[DeadLetter, ...]
    unsure: tuple[DeadLetter, ...]
    """The origin has dropped records of the time since (retention): nobody knows whether they were sent back."""
    cut: tuple[DeadLetter, ...]
    homeless: tuple[DeadLetter, ...]
    """Their origin does not exist any more."""
    foreign: tuple[DeadLetter, ...]
    """They name a topic that is no input of this installation."""


class DeadLetters:
    """The dead letters of one installation: those of its workers, or with another `topic` of other services."""

    def __init__(self, connection: Connection, *, topic_prefix: str, topic: Topic = LEAD_DEAD_LETTERS) -> None:
        self._topic = topic.full_name(topic_prefix)
        self._connection = connection
        self._prefix = topic_prefix
        back = DOWNSTREAM_REPLAYABLE if topic == DOWNSTREAM_DEAD_LETTERS else WORKER_REPLAYABLE
        self._origins = frozenset(one.full_name(topic_prefix) for one in back)
        self._reader = TopicReader(connection)

    def find(self, wanted: Filter) -> Iterator[DeadLetter]:
        """Those that are meant, in no certain order. Raises TopicMissing, ReadIncomplete, KafkaException."""
        for message in self._reader.read_topic(self._topic):
            letter = _letter(message)
            if letter is not None and wanted.takes(letter, self._prefix):
                yield letter

    def plan(self, letters: Iterable[DeadLetter], *, again: bool) -> Replay:
        """Look which of them were sent back before: their origin topics are read from that time on.

        `again`: those count as fresh, too.
        """
        fresh: list[DeadLetter] = []
        replayed: list[DeadLetter] = []
        unsure: list[DeadLetter] = []
        cut: list[DeadLetter] = []
        homeless: list[DeadLetter] = []
        by_topic: dict[str, list[DeadLetter]] = {}
        foreign: list[DeadLetter] = []
        for letter in sorted(letters, key=_origin_order):
            if letter.topic not in self._origins:
                foreign.append(letter)
            elif letter.cut:
                cut.append(letter)
            else:
                by_topic.setdefault(letter.topic, []).append(letter)
        existing = self._reader.admin.existing(list(by_topic))
        for topic, of_topic in by_topic.items():
            if topic not in existing:
                homeless += of_topic
            elif again:
                fresh += of_topic
            else:
                seen, horizon = self._sent_back(topic, min(letter.at for letter in of_topic))
                for letter in of_topic:
                    if seen.get(letter.place, datetime.min.replace(tzinfo=UTC)) >= letter.at:
                        replayed.append(letter)
                    elif horizon is not None and letter.at < horizon:
                        unsure.append(letter)
                    else:
                        fresh.append(letter)
        return Replay(tuple(fresh), tuple(replayed), tuple(unsure), tuple(cut), tuple(homeless), tuple(foreign))

    def send_back(self, letters: Sequence[DeadLetter], sent: Callable[[DeadLetter], None]) -> list[tuple[str, str]]:
        """Send each of a plan's `fresh` to where it came from, with its key, value and headers. `sent` is told of each
        that arrived.

        Returns (place, reason) of those that did not arrive.
        """
        # What concerns one lead stays in the order in which it came.
        producer = Producer(self._connection, in_order=True)
        failed: list[tuple[str, str]] = []

        def delivered(letter: DeadLetter, error: KafkaError | None) -> None:
            if error is None:
                sent(letter)
            else:
                failed.append((letter.place, error.str()))

        for letter in letters:
            headers = [*(one for one in letter.headers if one[0] != REPLAYED_FROM), _replayed_from(letter)]
            producer.send(letter.topic, letter.key, letter.value, headers=headers, delivered=partial(delivered, letter))
        producer.flush()
        return failed

    def _sent_back(self, topic: str, since: datetime) -> tuple[dict[str, datetime], datetime | None]:
        """When each dead letter was sent back to the topic since then, and from when on the topic still holds all."""
        places: list[PartitionId] = self._reader.admin.partitions(topic)
        start = self._reader.admin.since(places, max(0, to_milliseconds(since)))
        first = self._reader.admin.first(places)
        truncated = any(start[place] == first[place] > 0 for place in places)
        seen: dict[str, datetime] = {}
        oldest: datetime | None = None
        for message in self._reader.read(places, start):
            at = _time(message)
            oldest = at if oldest is None else min(oldest, at)
            for name, content in message.headers or ():
                if name == REPLAYED_FROM and content is not None:
                    seen[content.decode(errors="replace")] = at
        return seen, (oldest or datetime.now(UTC)) if truncated else None


def _replayed_from(letter: DeadLetter) -> Header:
    return (REPLAYED_FROM, letter.place.encode())


def _letter(message: Record) -> DeadLetter | None:
    """None for a record that is no dead letter of ours. The four headers about its origin are the last ones."""
    headers: list[Header] = [(portable_name(name), content) for name, content in message.headers or ()]
    origin = headers[-len(_ORIGIN) :]
    if tuple(name for name, _ in origin) != _ORIGIN:
        return None
    (_, topic), (_, partition), (_, offset), (_, reason) = origin
    return DeadLetter(
        partition=message.partition,
        offset=message.offset,
        at=_time(message),
        key=message.key,
        value=message.value,
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
    """As they stood in their topics, those that do not say where last."""
    place = [sys.maxsize if told is None else told for told in (letter.topic_partition, letter.topic_offset)]
    return (letter.topic, place[0], place[1], letter.partition, letter.offset)


def _time(record: Record) -> datetime:
    return from_milliseconds(max(0, record.timestamp_ms))
