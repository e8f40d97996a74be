"""The circuit breaker: opens after failures in a row, lets one request try, closes when that succeeds."""

from __future__ import annotations

import threading

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lead_qualifier.sinks.circuit import Circuit, State
from tests.support.examples import examples


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _circuit(clock: Clock, failures: int = 3, seen: list[State] | None = None) -> Circuit:
    told = [] if seen is None else seen
    return Circuit(failures=failures, open_for=30, clock=clock, changed=lambda _, after: told.append(after))


def test_failures_in_a_row_open_it_for_a_while() -> None:
    clock = Clock()
    circuit = _circuit(clock)
    assert [circuit.failed() for _ in range(3)] == [True, True, False]
    assert circuit.state is State.OPEN
    assert circuit.admit() == 30
    clock.now += 29
    assert circuit.admit() == 1


def test_a_success_between_begins_the_count_again() -> None:
    circuit = _circuit(Clock())
    circuit.failed()
    circuit.failed()
    circuit.succeeded()
    circuit.failed()
    assert circuit.failed()
    assert circuit.admit() == 0


def test_after_its_time_one_request_tries_and_the_others_wait() -> None:
    clock, seen = Clock(), list[State]()
    circuit = _circuit(clock, 1, seen)
    circuit.failed()
    clock.now += 30
    assert circuit.admit() == 0
    assert circuit.admit() == Circuit.POLL_SECONDS
    circuit.succeeded()
    assert circuit.admit() == 0
    assert seen == [State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_failed_try_opens_it_again() -> None:
    clock = Clock()
    circuit = _circuit(clock, 1)
    circuit.failed()
    clock.now += 30
    assert circuit.admit() == 0
    assert not circuit.failed()
    assert circuit.admit() == 30


def test_a_try_that_says_nothing_leaves_room_for_the_next() -> None:
    clock = Clock()
    circuit = _circuit(clock, 1)
    circuit.failed()
    clock.now += 30
    assert circuit.admit() == 0
    circuit.released()
    assert circuit.admit() == 0


def test_late_failures_of_what_was_under_way_do_not_keep_it_open_longer() -> None:
    clock = Clock()
    circuit = _circuit(clock, 1)
    circuit.failed()
    clock.now += 20
    assert not circuit.failed()
    assert circuit.admit() == 10


def test_an_endpoint_that_asks_for_rest_gets_it_and_the_longest_counts() -> None:
    clock = Clock()
    circuit = _circuit(clock)
    circuit.rest(10)
    circuit.rest(5)
    assert circuit.admit() == 10
    clock.now += 10
    assert circuit.admit() == 0


def test_of_many_threads_one_tries() -> None:
    clock = Clock()
    circuit = _circuit(clock, 1)
    circuit.failed()
    clock.now += 30
    start, admitted = threading.Barrier(8), list[float]()

    def ask() -> None:
        start.wait()
        admitted.append(circuit.admit())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted.count(0) == 1


class Breaking(RuleBasedStateMachine):
    """Whatever happens in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.circuit = _circuit(self.clock)
        self.under_way = 0

    @rule()
    def send(self) -> None:
        state = self.circuit.state
        if self.circuit.admit() == 0:
            assert state is not State.OPEN or self.circuit.state is State.HALF_OPEN
            self.under_way += 1

    @precondition(lambda self: self.under_way)
    @rule(how=st.sampled_from(["succeeded", "failed", "released"]))
    def tell(self, how: str) -> None:
        self.under_way -= 1
        getattr(self.circuit, how)()

    @rule(seconds=st.floats(0, 60))
    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(seconds=st.floats(0, 60))
    def rest(self, seconds: float) -> None:
        self.circuit.rest(seconds)

    @invariant()
    def it_never_stays_shut_for_ever(self) -> None:
        if not self.under_way:
            now = self.clock.now
            self.clock.now += 100
            assert self.circuit.admit() == 0
            self.circuit.released()
            self.clock.now = now


Breaking.TestCase.settings = examples(50, stateful_step_count=30)
TestBreaking = Breaking.TestCase
