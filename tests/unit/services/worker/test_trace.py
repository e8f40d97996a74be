"""What follows from a record belongs to its trace, also where it comes later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from lead_qualifier.engine import Headers
from lead_qualifier.messages.trace_context import trace_of
from tests.support.lead_cycles import LeadCycles
from tests.support.messages import encode, merged, score
from tests.unit.qualification.given import model, rules
from tests.unit.services.worker.test_merging import record_of

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACED = [("traceparent", PARENT), ("tracestate", b"a=1")]


class Worker(LeadCycles):
    def __init__(self, hold: timedelta | None = None) -> None:
        super().__init__(rules(model(criteria={"engagement": 50.0}, hold=hold)))
        self.application = replace(self.application, trace_of=lambda record: trace_of(record.value, record.headers))

    def takes(self, topic: str, message: dict[str, object], headers: Headers) -> list[Headers]:
        """The headers of what it emits."""
        context = self.take(record_of(topic, b"L-1", encode(message), headers))
        return [output.headers for output in context.outputs]

    def wakes(self, now_ms: int) -> list[Headers]:
        return [output.headers for output in self.wake(b"L-1", now_ms).outputs]


def trace_in(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    return [(name, content) for name, content in headers if name.startswith("trace")]


def test_a_qualification_belongs_to_the_trace_of_its_score() -> None:
    (headers,) = Worker().takes("lead-score-changed", score("L-1", "engagement", 60, 1), TRACED)
    assert trace_in(headers) == TRACED
    (headers,) = Worker().takes("lead-score-changed", score("L-1", "engagement", 60, 1), [("traceparent", b"bad")])
    assert trace_in(headers) == []
    assert b"traceparent" not in b"".join(Worker().entries.values())


def test_a_qualification_after_a_hold_belongs_to_the_trace_of_the_score_that_began_it() -> None:
    worker = Worker(timedelta(seconds=1))
    assert worker.takes("lead-score-changed", score("L-1", "engagement", 60, 1), TRACED) == []
    assert worker.takes("lead-score-changed", score("L-1", "engagement", 61, 2), []) == []
    (headers,) = worker.wakes(2_000)
    assert trace_in(headers) == TRACED


def test_a_hold_of_an_untraced_score_has_no_trace() -> None:
    worker = Worker(timedelta(seconds=1))
    worker.takes("lead-score-changed", score("L-1", "engagement", 60, 1), [])
    assert b"traceparent" not in worker.entries[b"L-1"]
    (headers,) = worker.wakes(2_000)
    assert trace_in(headers) == []


def test_a_hand_over_belongs_to_the_trace_of_the_merge() -> None:
    worker = Worker()
    worker.takes("lead-score-changed", score("L-1", "engagement", 40, 1), [])
    (headers,) = worker.takes("lead-merged", merged("L-1", "L-2", 2), TRACED)
    assert trace_in(headers) == TRACED
