"""Which steps of a trace a context keeps for the tracer: those from which something follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lead_qualifier.engine import Application, Headers, ProcessorContext, Record
from lead_qualifier.engine.savepoint_context import SavepointContext
from lead_qualifier.engine.tracer import Step
from tests.unit.engine.doubles import application, record_of


@dataclass
class Numbers:
    """A tracer that numbers its steps."""

    begun: list[tuple[Any, Headers]] = field(default_factory=list)

    def record(self, record: Record, trace: Headers) -> Step:
        return self._step(record.offset, trace)

    def timer(self, key: bytes | None, trace: Headers) -> Step:
        return self._step(key, trace)

    def committed(self, spans: Iterable[Any], rejected: Iterable[tuple[Record, str]]) -> None: ...

    def _step(self, of: Any, trace: Headers) -> Step:
        self.begun.append((of, trace))
        return Step([("n", b"%d" % len(self.begun))], len(self.begun))


TRACE = [("n", b"0")]


@pytest.fixture
def tracer() -> Numbers:
    return Numbers()


@pytest.fixture
def traced(tracer: Numbers) -> Application:
    return replace(application(), tracer=tracer, trace_of=lambda record: record.headers)


def emit(context: ProcessorContext, key: bytes = b"k", trace: Headers = ()) -> None:
    context.emit("out", key, b"", [], trace=trace)


def test_all_that_follows_from_a_record_follows_from_one_step(traced: Application, tracer: Numbers) -> None:
    context = ProcessorContext(traced, 0, {})
    for offset in (1, 2):
        context.record = record_of(offset, headers=TRACE)
        emit(context)
        emit(context)
        context.schedule(b"k", 1)
    assert [dict(output.headers) for output in context.outputs] == [{"n": b"1"}] * 2 + [{"n": b"2"}] * 2
    assert tracer.begun == [(1, TRACE), (2, TRACE)]
    assert context.spans == [1, 2]


def test_a_record_without_headers_may_begin_a_trace(traced: Application, tracer: Numbers) -> None:
    context = ProcessorContext(traced, 0, {})
    context.record = record_of(1)
    emit(context)
    assert tracer.begun == [(1, ())]


def test_a_timer_counts_as_something_that_follows_and_a_look_at_the_trace_does_not(traced: Application) -> None:
    context = ProcessorContext(traced, 0, {})
    context.record = record_of(1)
    assert context.trace == [("n", b"1")]
    context.schedule(b"k", 1)
    context.record = record_of(2)
    assert context.trace == [("n", b"2")]
    context.record = record_of(3)
    context.schedule(b"k", 1)
    assert context.spans == [1]


def test_a_timer_that_fires_is_a_step_of_the_trace_that_set_it(traced: Application, tracer: Numbers) -> None:
    context = ProcessorContext(traced, 0, {})
    emit(context)
    assert tracer.begun == [], "it was set in no trace"
    for key in (b"a", b"b"):
        emit(context, key, list(TRACE))
        emit(context, key, list(TRACE))
    assert tracer.begun == [(b"a", TRACE), (b"b", TRACE)]
    assert context.spans == [1, 2]


def roll_back(context: SavepointContext) -> None:
    context.roll_back()


def undo(context: SavepointContext) -> None:
    context.undo(b"k", (0, 0, 0, 0))


@pytest.mark.parametrize("back", [roll_back, undo])
def test_what_is_undone_is_no_step(traced: Application, back: Callable[[SavepointContext], None]) -> None:
    context = SavepointContext(traced, 0, {})
    context.begin(record_of(1, headers=TRACE))
    emit(context)
    back(context)
    assert context.spans == []
    emit(context)
    assert context.spans == [2]
    assert [output.headers for output in context.outputs] == [[("n", b"2")]]
