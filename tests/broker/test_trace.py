"""The trace of a score is found again in whatever follows from it, up to the last service."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.messages import encode, score
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

MODEL = """\
id: enterprise
match: all
criteria: [{scoring_model: engagement, threshold: 50}]
actions: {status_reason: marketing_qualified, sales_ready: true}
hold: 1s
"""
DEFINITIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("journey", {"id": "welcome", "trigger": {"event": "lead-qualified"}}),
    (
        "assignment",
        {
            "id": "sales",
            "segments": [{"id": "all", "priority": 1, "rules": [{"id": "any", "sellers": {"ids": ["S-1"]}}]}],
        },
    ),
    (
        "sequence",
        {
            "id": "contact",
            "connect": {"on": "lead-assigned", "wait": "1s"},
            "steps": [{"id": "hello", "kind": "automated_email", "template": "hello"}],
        },
    ),
    ("follow-up", {"id": "soon", "stages": [{"on": "lead-assigned", "within": "1s"}]}),
)
OUT = (
    "lead-qualified",
    "journey-entry-requested",
    "lead-assigned",
    "sequence-step-due",
    "lead-follow-up-overdue",
)
PARENTS = {f"L-{number}": b"00-4bf92f3577b34da6a3ce929d0e0e47%02d-00f067aa0ba902b7-01" % number for number in range(4)}


@pytest.fixture
def chain(kafka: Broker, tmp_path: Path) -> Iterator[Downstream]:
    made = Downstream(CommandLine(kafka.bootstrap_servers, tmp_path, partitions=2), "all", OUT)
    yield made
    made.close()


def test_a_trace_goes_through_worker_and_all_services_and_survives_timers(chain: Downstream) -> None:
    line = chain.line
    line.start_worker().wait_ready()
    chain.start()
    chain.qualify_by(MODEL)
    chain.announce_seller("S-1")
    for kind, definition in DEFINITIONS:
        chain.publish(kind, definition)

    for lead_id, parent in PARENTS.items():
        key, value = lead_id.encode(), encode(score(lead_id, "engagement", 80, 1))
        if lead_id == "L-0":  # a CloudEvent in structured mode
            envelope = {"specversion": "1.0", "id": "1", "source": "/scores", "type": "score"}
            envelope |= {"traceparent": parent.decode(), "data": json.loads(value)}
            value = json.dumps(envelope).encode()
            line.send("lead-score-changed", key, value, [("content-type", b"application/cloudevents+json")])
        else:
            line.send("lead-score-changed", key, value, [("traceparent", parent)])
    line.send("lead-score-changed", b"L-9", encode(score("L-9", "engagement", 80, 1)), [("traceparent", b"00-bad")])
    line.send("lead-score-changed", b"L-1", b"{", [("traceparent", PARENTS["L-1"])])

    reader = TopicReader(line.environment["KAFKA_BOOTSTRAP_SERVERS"], line.prefix, (*OUT, "lead-dead-letters"))
    try:
        deadline = time.monotonic() + 90
        while any(len(reader.records[topic]) < len(PARENTS) + 1 for topic in OUT):
            assert time.monotonic() < deadline, {topic: len(found) for topic, found in reader.records.items()}
            time.sleep(0.1)
            reader.read()
        for topic in OUT:
            found = {(one.key or b"").decode(): dict(one.headers).get("traceparent") for one in reader.records[topic]}
            assert found == {**PARENTS, "L-9": None}, topic
        [letter] = reader.records["lead-dead-letters"]
        assert dict(letter.headers)["traceparent"] == PARENTS["L-1"]
    finally:
        reader.close()
