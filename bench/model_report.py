"""How long `model report` needs, next to reading the same topics and doing nothing with what is read."""

from __future__ import annotations

import time

import msgspec

from bench.command_process import run
from bench.lead_story import story
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
)
from lead_qualifier.qualification.leads import Lead

_READ = (LEAD_QUALIFIED, LEAD_STATE, LEAD_ASSIGNED, LEAD_SALES_RESPONSE, LEAD_RECYCLED)


def write_history(connection: Connection, prefix: str, held: dict[bytes, bytes]) -> int:
    """Write what followed for each lead of `held` that bears a mark; returns how many these are."""
    producer = Producer(connection)
    decode = msgspec.json.Decoder(Lead).decode
    count = 0
    for key, value in held.items():
        lead = decode(value)
        mark = lead.marks.get("enterprise")
        if mark is not None:
            count += 1
            for topic, _, event in story(count, key.decode(), lead, "enterprise", mark):
                producer.send(topic.full_name(prefix), key, event)
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
