"""Dead letters for the console, and a fake of sending them back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from sqlalchemy import select

from lead_qualifier.client.dead_letters import DeadLetter, Filter, ReplayPlan, ReplayStatus, letter_of
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import dead_letters as table
from lead_qualifier.kafka.records import Record, dead_letter
from lead_qualifier.messages.topics import Topic
from tests.support.console_records import NOON, STRANGE_IDS, RecordLog, minutes

WORKERS, SERVICES = "lead-dead-letters", "downstream-dead-letters"
JSON = ("content-type", b"application/json")


def bury(
    log: RecordLog,
    key: bytes | None,
    value: bytes | None,
    reason: str,
    *,
    on: str = WORKERS,
    origin: str = "lead-score-changed",
    headers: Sequence[tuple[str, bytes | None]] = (JSON,),
    at: datetime = NOON,
    limit: int | None = None,
) -> None:
    """Write a dead letter as workers and services do."""
    record = Record(origin, 3, 918, 0, key, value, headers)
    output = dead_letter(on, record, reason, limit)
    log.write(on, output.key, output.value, headers=output.headers, at=at)


def dead_letters(log: RecordLog) -> None:
    """Dead letters of every kind. The newest is `lead-dead-letters:0:0`."""
    score = {"event_id": "e-1", "lead_id": "L-1001", "score": "eighty", "note": "<b>call +49 30 1234</b>"}
    bury(log, b"L-1001", json.dumps(score).encode(), "score must be a number, found text", at=minutes(60))
    bury(log, b"L-gone", b'{"lead_id":"L-gone"}', "about somebody who is gone", at=minutes(-10))
    bury(log, b"wrong", b'{"lead_id":"L-gone"}', "has a key that is not its lead_id", at=minutes(-10))
    bury(log, STRANGE_IDS[6].encode(), b"not JSON \x1b[31m\xe2\x80\xae", "the value is not JSON in UTF-8", headers=())
    bury(log, b"\xff\xfe", b"\xff\xfe\x00", "the record has a key that is not its lead_id", at=minutes(-1))
    bury(log, None, None, "the record has no key", at=minutes(-2), headers=(("trace", None), ("person", b"Anna")))
    bury(log, b"L-1002", b"x" * 200_000, "the value is not JSON in UTF-8", at=minutes(-3))
    bury(log, b"L-1003", b"y" * 200_000, "too much", at=minutes(-4), limit=100_000)
    bury(log, b"L-1001", b'{"lead_id":"L-1001"}', "HTTP 410", on=SERVICES, origin="lead-qualified", at=minutes(-5))
    log.write(WORKERS, b"L-1001", b"not a dead letter of ours")
    for number in range(60):
        value = json.dumps({"lead_id": f"M-{number}", "score": None}).encode()
        bury(log, f"M-{number}".encode(), value, "score must be a number, found null", at=minutes(-60 - number))


def buried(database: Database) -> set[tuple[str, int, int, bytes | None, bytes | None]]:
    """The dead letters that a database holds, each with its key and the lead that it is about."""
    with database.snapshot() as connection:
        found = connection.execute(select(table)).all()
    return {(one.topic, one.partition, one.offset, one.key, one.lead_id) for one in found}


class FakeLetters:
    """Dead letters as Kafka has them. `before`: what became of some, by their ids, when they were sent back."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)
        self.before: dict[str, ReplayStatus] = {}
        self.away = False
        self.sent: list[DeadLetter] = []

    def __call__(self, topic: Topic) -> _OnTopic:
        return _OnTopic(self, topic.name, [one for one in self._records if one.topic == topic.name])


class _OnTopic:
    def __init__(self, letters: FakeLetters, name: str, records: list[Record]) -> None:
        self._letters = letters
        self._name = name
        self._records = records

    def find(self, wanted: Filter) -> Iterator[DeadLetter]:
        if self._letters.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        found = (letter_of(one) for one in self._records)
        return (one for one in found if one is not None and wanted.matches(one, ""))

    def plan(self, letters: Iterable[DeadLetter], *, again: bool) -> ReplayPlan:
        plan: dict[ReplayStatus, list[DeadLetter]] = {status: [] for status in ReplayStatus}
        for one in letters:
            status = (
                ReplayStatus.TRUNCATED
                if one.truncated
                else self._letters.before.get(f"{self._name}:{one.id}", ReplayStatus.PENDING)
            )
            plan[ReplayStatus.PENDING if again and status is ReplayStatus.REPLAYED else status].append(one)
        return plan

    def send_back(self, letters: Sequence[DeadLetter], sent: Callable[[DeadLetter], None]) -> list[tuple[str, str]]:
        failed = []
        for one in letters:
            if one.key is None:
                failed.append((one.id, "Broker: no"))
            else:
                self._letters.sent.append(one)
                self._letters.before[f"{self._name}:{one.id}"] = ReplayStatus.REPLAYED
                sent(one)
        return failed


def held(found: dict[str, Any]) -> list[str]:
    """The ids in an answer."""
    return [one["id"] for one in found["dead_letters"]]
