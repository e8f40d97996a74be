"""With tracing on, a receiver of OTLP sees one tree from a score to the last step, across processes and timers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.broker.test_trace import DEFINITIONS, MODEL
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.http_endpoint import Endpoint
from tests.support.messages import encode, score
from tests.support.spans import OtlpReceiver, ReceivedSpan
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SCORED = "00f067aa0ba902b7"
OUT = "sequence-step-due"
#: What happens to a lead, in its order; the model has a hold, and the sequence begins with a wait.
STEPS = (
    ("worker", "process lead-score-changed"),
    ("worker", "timer leads"),
    ("assignment", "process lead-qualified"),
    ("assignment", "process assignment-queue"),
    ("sequences", "process lead-assigned"),
    ("sequences", "timer sequences"),
)


@pytest.fixture
def receiver() -> OtlpReceiver:
    return OtlpReceiver()


@pytest.fixture
def chain(kafka: Broker, tmp_path: Path, receiver: OtlpReceiver) -> Iterator[Downstream]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=2)
    with Endpoint(receiver) as endpoint:
        line.environment |= {
            "LEAD_QUALIFIER_TRACING": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        made = Downstream(line, "all", (OUT,))
        yield made
        made.close()


def test_a_score_is_followed_to_the_last_step_of_a_sequence(chain: Downstream, receiver: OtlpReceiver) -> None:
    line = chain.line
    line.start_worker().wait_ready()
    chain.start()
    chain.qualify_by(MODEL)
    chain.announce_seller("S-1")
    for kind, definition in DEFINITIONS:
        if kind in {"assignment", "sequence"}:
            chain.publish(kind, definition)
    parent = f"00-{TRACE}-{SCORED}-01".encode()
    line.send("lead-score-changed", b"L-1", encode(score("L-1", "engagement", 80, 1)), [("traceparent", parent)])
    chain.wait_for(OUT, 1, 60)

    def found() -> list[ReceivedSpan]:
        return [span for span in receiver.spans if span.trace_id == TRACE]

    names = [name.replace("process ", f"process {line.prefix}") for _, name in STEPS]
    chain.until(lambda: {span.name for span in found()} >= set(names), 60)
    by_parent = {span.parent_id: span for span in found() if span.name in names}
    path = []
    step = SCORED
    while step in by_parent:
        path.append(by_parent[step])
        step = path[-1].span_id
    assert [span.name for span in path] == names
    group = line.environment["LEAD_QUALIFIER_APPLICATION_ID"]
    services = [group if service == "worker" else f"{group}-{service}" for service, _ in STEPS]
    assert [span.service for span in path] == services
    assert path[0].attributes["messaging.kafka.message.key"] == "L-1"
    assert path[0].attributes["messaging.destination.partition.id"] in {"0", "1"}

    reader = TopicReader(line.environment["KAFKA_BOOTSTRAP_SERVERS"], line.prefix, (OUT,))
    reader.read()
    (due,) = reader.records[OUT]
    reader.close()
    assert dict(due.headers)["traceparent"] == f"00-{TRACE}-{path[-1].span_id}-01".encode()
