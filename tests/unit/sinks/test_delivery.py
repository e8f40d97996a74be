"""The handler of a sink: what it tells the consumer after each verdict."""

from __future__ import annotations

import pytest

from lead_qualifier.consumer import Event, Permanent, TryLater
from lead_qualifier.sinks.answers import Again, Done, Gone, Never, NoAnswer, Verdict
from lead_qualifier.sinks.circuit import Circuit, State
from lead_qualifier.sinks.delivery import Delivery
from tests.unit.sinks.events import event


class Place:
    """A delivery whose next verdict is set by hand."""

    def __init__(self, failures: int = 3) -> None:
        self.now = 100.0
        self.verdict: Verdict | Exception = Done()
        self.sent = 0
        self.told: list[str] = []
        self.stopped = 0
        self.circuit = Circuit(failures=failures, open_for=30, clock=lambda: self.now)
        self.delivery = Delivery(
            "crm",
            self._send,
            circuit=self.circuit,
            give_up_after=3600,
            observer=self,
            stop=self._stop,
            clock=lambda: self.now,
        )

    def attempt(self, outcome: str, seconds: float) -> None:
        self.told.append(outcome)

    def _stop(self) -> None:
        self.stopped += 1

    def _send(self, _event: Event) -> Verdict:
        self.sent += 1
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict

    def later(self, one: Event | None = None) -> TryLater:
        with pytest.raises(TryLater) as raised:
            self.delivery(one or event())
        return raised.value


def test_delivered_is_handled() -> None:
    place = Place()
    place.delivery(event())
    assert place.told == ["delivered"]


def test_refused_is_a_dead_letter_and_no_fault_of_the_endpoint() -> None:
    place = Place(failures=1)
    place.verdict = Never("HTTP 400")
    with pytest.raises(Permanent, match="HTTP 400"):
        place.delivery(event())
    assert place.circuit.state is State.CLOSED


def test_no_answer_is_tried_again_and_counts_until_the_breaker_opens() -> None:
    place = Place()
    place.verdict = NoAnswer("closed")
    assert [place.later().counts for _ in range(3)] == [True, True, False]
    assert place.circuit.state is State.OPEN
    waiting = place.later()
    assert (waiting.counts, place.sent) == (False, 3)
    assert waiting.seconds is not None
    assert 30 <= waiting.seconds <= 31


def test_while_the_endpoint_is_away_tries_do_not_count() -> None:
    place = Place(failures=1)
    place.verdict = Again("HTTP 500")
    for _ in range(20):
        assert not place.later().counts
        place.now += 30
    place.verdict = Done()
    place.delivery(event())
    assert place.circuit.state is State.CLOSED


def test_retry_after_is_honoured_and_holds_everything_back() -> None:
    place = Place()
    place.verdict = Again("HTTP 429", 20, fault=False, busy=True)
    later = place.later()
    assert later.seconds is not None
    assert 20 <= later.seconds <= 21
    assert not later.counts
    place.verdict = Done()
    assert place.later(event(event_id="another")).seconds is not None
    place.now += 20
    place.delivery(event())


def test_a_conflict_is_tried_again_and_counts() -> None:
    place = Place(failures=1)
    place.verdict = Again("HTTP 409", fault=False)
    assert place.later().counts
    assert place.circuit.state is State.CLOSED


def test_an_event_is_given_up_after_its_time() -> None:
    place = Place()
    place.verdict = Again("HTTP 429", fault=False, busy=True)
    place.later()
    place.now += 3599
    place.later()
    place.now += 1
    with pytest.raises(Permanent, match="given up after 3600 s: HTTP 429"):
        place.delivery(event())


def test_success_forgets_how_long_it_was_tried() -> None:
    place = Place()
    place.verdict = Again("HTTP 409", fault=False)
    place.later()
    place.verdict = Done()
    place.delivery(event())
    place.now += 4000
    place.verdict = Again("HTTP 409", fault=False)
    place.later()


def test_gone_stops_the_sink_and_keeps_the_event() -> None:
    place = Place()
    place.verdict = Gone("HTTP 410")
    assert not place.later().counts
    assert place.stopped == 1
    assert "nothing is lost" in str(place.delivery.gone)
    place.later()
    assert place.sent == 1


def test_a_fault_of_ours_goes_on_to_the_consumer_and_leaves_room_to_try() -> None:
    place = Place(failures=1)
    place.verdict = Again("HTTP 500")
    place.later()
    place.now += 30
    place.verdict = KeyError("ours")
    with pytest.raises(KeyError):
        place.delivery(event())
    place.verdict = Done()
    place.delivery(event())


@pytest.mark.parametrize("outcome", ["filtered", "nothing_to_do"])
def test_what_is_not_sent_says_nothing_of_the_endpoint(outcome: str) -> None:
    place = Place(failures=1)
    place.verdict = Again("HTTP 500")
    place.later()
    place.now += 30
    place.verdict = Done(outcome)
    place.delivery(event())
    assert place.circuit.state is State.HALF_OPEN
    assert place.told[-1] == outcome
