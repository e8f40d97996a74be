"""The handler of a sink: what it tells the consumer after each attempt."""

from __future__ import annotations

import pytest

from lead_qualifier.consumer import EndpointGone, Event, PermanentFailure, RetryLater
from lead_qualifier.http.errors import NoAnswer, NoToken
from lead_qualifier.sinks.answers import Delivered
from lead_qualifier.sinks.circuit import Circuit, State
from lead_qualifier.sinks.delivery import Delivery
from lead_qualifier.sinks.errors import EndpointBusy, EndpointUnavailable
from tests.support.sink_events import event


class DeliveryHarness:
    """A delivery whose next result is set by hand."""

    def __init__(self, failures: int = 3) -> None:
        self.now = 100.0
        self.result: Delivered | Exception = "delivered"
        self.sent = 0
        self.outcomes: list[str] = []
        self.circuit = Circuit(failures=failures, open_for=30, clock=lambda: self.now)
        self.delivery = Delivery(
            "crm",
            self._send,
            circuit=self.circuit,
            give_up_after=3600,
            observer=self.attempt,
            clock=lambda: self.now,
        )

    def attempt(self, outcome: str, seconds: float) -> None:
        self.outcomes.append(outcome)

    def _send(self, _event: Event) -> Delivered:
        self.sent += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def retry(self, one: Event | None = None) -> RetryLater:
        with pytest.raises(RetryLater) as raised:
            self.delivery(one or event())
        return raised.value


def test_delivered_is_handled() -> None:
    harness = DeliveryHarness()
    harness.delivery(event())
    assert harness.outcomes == ["delivered"]


def test_refused_is_a_dead_letter_and_no_fault_of_the_endpoint() -> None:
    harness = DeliveryHarness(failures=1)
    harness.result = PermanentFailure("HTTP 400")
    with pytest.raises(PermanentFailure, match="HTTP 400"):
        harness.delivery(event())
    assert harness.circuit.state is State.CLOSED
    assert harness.outcomes == ["refused"]


def test_no_answer_is_retried_and_counts_until_the_breaker_opens() -> None:
    harness = DeliveryHarness()
    harness.result = NoAnswer("closed")
    assert [harness.retry().counts for _ in range(3)] == [True, True, False]
    assert harness.circuit.state is State.OPEN
    waiting = harness.retry()
    assert (waiting.counts, harness.sent) == (False, 3)
    assert waiting.seconds is not None
    assert 30 <= waiting.seconds <= 31


def test_without_a_token_the_endpoint_counts_as_unavailable() -> None:
    harness = DeliveryHarness(failures=1)
    harness.result = NoToken("no token", retry_after=9)
    retry = harness.retry()
    assert not retry.counts
    assert retry.seconds is not None
    assert 9 <= retry.seconds <= 10
    assert harness.circuit.state is State.OPEN


def test_while_the_endpoint_is_away_attempts_do_not_count() -> None:
    harness = DeliveryHarness(failures=1)
    harness.result = EndpointUnavailable(None, "HTTP 500")
    for _ in range(20):
        assert not harness.retry().counts
        harness.now += 30
    harness.result = "delivered"
    harness.delivery(event())
    assert harness.circuit.state is State.CLOSED


def test_retry_after_is_honoured_and_holds_everything_back() -> None:
    harness = DeliveryHarness()
    harness.result = EndpointBusy(20, "HTTP 429")
    retry = harness.retry()
    assert retry.seconds is not None
    assert 20 <= retry.seconds <= 21
    assert not retry.counts
    harness.result = "delivered"
    assert harness.retry(event(event_id="another")).seconds is not None
    harness.now += 20
    harness.delivery(event())


def test_a_conflict_is_retried_and_counts() -> None:
    harness = DeliveryHarness(failures=1)
    harness.result = RetryLater(None, "HTTP 409")
    assert harness.retry().counts
    assert harness.circuit.state is State.CLOSED


def test_an_event_is_given_up_after_its_time() -> None:
    harness = DeliveryHarness()
    harness.result = EndpointBusy(None, "HTTP 429")
    harness.retry()
    harness.now += 3599
    harness.retry()
    harness.now += 1
    with pytest.raises(PermanentFailure, match="given up after 3600 s: HTTP 429"):
        harness.delivery(event())


def test_success_forgets_how_long_it_was_tried() -> None:
    harness = DeliveryHarness()
    harness.result = RetryLater(None, "HTTP 409")
    harness.retry()
    harness.result = "delivered"
    harness.delivery(event())
    harness.now += 4000
    harness.result = RetryLater(None, "HTTP 409")
    harness.retry()


def test_gone_ends_the_sink_and_keeps_the_event() -> None:
    harness = DeliveryHarness()
    harness.result = EndpointGone("HTTP 410")
    for _ in range(2):
        with pytest.raises(EndpointGone, match="HTTP 410; nothing is lost"):
            harness.delivery(event())
    assert harness.sent == 1
    assert harness.outcomes == ["gone"]


def test_a_fault_of_ours_goes_on_to_the_consumer_and_leaves_room_to_try() -> None:
    harness = DeliveryHarness(failures=1)
    harness.result = EndpointUnavailable(None, "HTTP 500")
    harness.retry()
    harness.now += 30
    harness.result = KeyError("ours")
    with pytest.raises(KeyError):
        harness.delivery(event())
    harness.result = "delivered"
    harness.delivery(event())


@pytest.mark.parametrize("outcome", ["filtered", "nothing_to_do"])
def test_what_is_not_sent_says_nothing_of_the_endpoint(outcome: Delivered) -> None:
    harness = DeliveryHarness(failures=1)
    harness.result = EndpointUnavailable(None, "HTTP 500")
    harness.retry()
    harness.now += 30
    harness.result = outcome
    harness.delivery(event())
    assert harness.circuit.state is State.HALF_OPEN
    assert harness.outcomes[-1] == outcome
