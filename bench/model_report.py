"""How long `model report` needs, next to reading the same topics and doing nothing with what is read."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import msgspec

from bench.command_process import run
from bench.on_kafka import Say
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import (
    LEAD_ASSIGNED,
    LEAD_QUALIFIED,
    LEAD_RECYCLED,
    LEAD_SALES_RESPONSE,
    LEAD_STATE,
    Topic,
)
from lead_qualifier.qualification.leads import Lead

_READ = (LEAD_QUALIFIED, LEAD_STATE, LEAD_ASSIGNED, LEAD_SALES_RESPONSE, LEAD_RECYCLED)
_REASONS = ("budget", "wrong person", "no interest", None)
#: Of the qualified leads, each is assigned, three in four are answered, and every second answer is a rejection.
_ANSWERED, _REJECTED = 4, 2


def write_history(connection: Connection, prefix: str, held: dict[bytes, bytes]) -> int:
    """Write what followed for each lead of `held` that bears a mark; returns how many these are."""
    producer = Producer(connection)
    decode = msgspec.json.Decoder(Lead).decode
    encode = msgspec.json.encode

    def send(topic: Topic, key: bytes, **event: Any) -> None:
        lead_id = key.decode()
        producer.send(
            topic.full_name(prefix), key, encode({"event_id": f"{topic.name}-{lead_id}", "lead_id": lead_id, **event})
        )

    count = 0
    for key, value in held.items():
        lead = decode(value)
        mark = lead.marks.get("enterprise")
        if mark is None:
            continue
        count += 1
        send(
            LEAD_QUALIFIED,
            key,
            qualification_model_id="enterprise",
            qualification_model_version=mark.version,
            match="all",
            criteria=[
                {"scoring_model_id": name, "threshold": 0, "score": score.value, "met": True, "scored_at": score.at}
                for name, score in lead.scores.items()
            ],
            changes={"sales_ready": {"from": False, "to": True}},
            lead={"status": "open", "status_reason": "marketing_qualified", "sales_ready": True},
            qualification_number=mark.number,
            origin="live",
            occurred_at=mark.at,
            trigger={"event_id": mark.trigger, "topic": "lead-score-changed", "partition": 0, "offset": 0},
        )
        send(
            LEAD_ASSIGNED,
            key,
            result={"code": 2, "name": "assigned"},
            owner={"kind": "seller", "id": "S-1"},
            considered=[{"seller_id": "S-1", "why": "chosen"}],
            decision_number=count,
            queue_offset=count,
            decided_at=mark.at,
            occurred_at=mark.at,
            trigger={"event_id": mark.trigger, "topic": "lead-qualified", "partition": 0, "offset": 0},
        )
        if count % _ANSWERED:
            at, rejected = mark.at + timedelta(hours=1), count % _REJECTED
            reason = _REASONS[count % len(_REASONS)]
            answer = {"response": "rejected", "reason": reason} if rejected else {"response": "accepted"}
            send(LEAD_SALES_RESPONSE, key, occurred_at=at, **answer)
    producer.flush()
    return count


def report_round(connection: Connection, prefix: str, expected: int, limit: float, say: Say) -> int:
    """The exit code: 0 if the report counted right, and took at most `limit` seconds (0: however many)."""
    records, begun = 0, time.monotonic()
    reader = TopicReader(connection)
    for topic in _READ:
        records += sum(1 for _ in reader.read_topic(topic.full_name(prefix)))
    raw = time.monotonic() - begun
    ran = run(connection, prefix, "model", "report", "enterprise")
    total = ran.found["total"]
    say(
        f"{total['qualified']:,} qualifications reported in {ran}: {records / ran.seconds:,.0f} records/s, "
        f"{ran.seconds / raw:.2f} times as long as reading the {records:,} records alone"
    )
    if total["qualified"] != expected or total["assigned"] != expected:
        say(f"{expected:,} were expected")
        return 1
    if ran.seconds > limit > 0:
        say(f"{limit:g} s were allowed")
        return 1
    return 0
