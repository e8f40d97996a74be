"""A sink's handler: asks the circuit breaker, sends the event, and tells breaker and consumer what came of it."""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

from lead_qualifier.consumer import EndpointGone, Event, PermanentFailure, RetryLater
from lead_qualifier.http.errors import HttpError
from lead_qualifier.sinks.answers import Delivered
from lead_qualifier.sinks.circuit import Circuit
from lead_qualifier.sinks.errors import EndpointBusy, EndpointUnavailable

log = structlog.get_logger(__name__)

#: How many first failures are remembered. Fewer leads than that wait for a retry at once.
_REMEMBERED = 100_000


AttemptObserver = Callable[[str, float], None]
"""Called after each attempt with its outcome (delivered, nothing_to_do, filtered, overruled, retried, refused or gone)
and how many seconds it took.
"""


class Delivery:
    """Called for each event, in several threads."""

    def __init__(
        self,
        sink: str,
        send: Callable[[Event], Delivered],
        *,
        circuit: Circuit,
        give_up_after: float,
        observer: AttemptObserver,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`send` may raise HttpError, RetryLater, PermanentFailure and EndpointGone. `give_up_after`: seconds from an
        event's first failure in this process.
        """
        self._sink = sink
        self._send = send
        self._circuit = circuit
        self._give_up_after = give_up_after
        self._observer = observer
        self._clock = clock
        self._gone: EndpointGone | None = None
        self._lock = threading.Lock()
        self._first_failures: OrderedDict[str, float] = OrderedDict()

    def __call__(self, event: Event) -> None:
        """Raises RetryLater, PermanentFailure, EndpointGone."""
        if self._gone is not None:
            raise self._gone
        if (wait := self._circuit.admit()) > 0:
            raise RetryLater(_slightly_more(wait), "the endpoint is left alone for a while", counts=False)
        began = self._clock()
        try:
            delivered = self._attempt(event)
        except RetryLater as failure:
            self._observer("retried", self._clock() - began)
            self._retry(event, failure)
        except PermanentFailure:
            self._settle(event, answered=True)
            self._observer("refused", self._clock() - began)
            raise
        except EndpointGone as gone:
            self._observer("gone", self._clock() - began)
            self._end(gone)
        except BaseException:
            self._circuit.released()  # our own fault: says nothing about the endpoint
            raise
        else:
            self._settle(event, answered=delivered in {"delivered", "overruled"})
            self._observer(delivered, self._clock() - began)

    def _attempt(self, event: Event) -> Delivered:
        try:
            return self._send(event)
        except HttpError as error:
            raise EndpointUnavailable(error.retry_after, str(error)) from error

    def _settle(self, event: Event, *, answered: bool) -> None:
        if answered:
            self._circuit.succeeded()
        else:
            self._circuit.released()
        self._forget_failures(event)

    def _retry(self, event: Event, failure: RetryLater) -> None:
        counts = failure.counts
        if isinstance(failure, EndpointUnavailable):
            # While the endpoint is down, no event is given up: the events are not to blame.
            counts = self._circuit.failed()
        elif isinstance(failure, EndpointBusy):
            self._circuit.succeeded()
        else:
            self._circuit.released()
        if failure.seconds is not None:
            self._circuit.rest(failure.seconds)
        log.warning(
            "delivery_failed",
            sink=self._sink,
            topic=event.topic,
            partition=event.partition,
            offset=event.offset,
            attempt=event.attempt,
            reason=failure.reason,
        )
        if self._seconds_since_first_failure(event) >= self._give_up_after:
            self._forget_failures(event)
            raise PermanentFailure(f"given up after {self._give_up_after:g} s: {failure.reason}")
        wait = None if failure.seconds is None else _slightly_more(failure.seconds)
        raise RetryLater(wait, failure.reason, counts=counts)

    def _seconds_since_first_failure(self, event: Event) -> float:
        now = self._clock()
        with self._lock:
            first = self._first_failures.setdefault(event.identity, now)
            if len(self._first_failures) > _REMEMBERED:
                self._first_failures.popitem(last=False)
        return now - first

    def _forget_failures(self, event: Event) -> None:
        with self._lock:
            self._first_failures.pop(event.identity, None)

    def _end(self, gone: EndpointGone) -> None:
        self._circuit.released()
        self._gone = EndpointGone(
            f"the sink {self._sink} has ended: {gone}; nothing is lost: have the endpoint opened again or change its "
            "url and restart the sink, or stop running it for good"
        )
        log.critical("endpoint_gone", sink=self._sink, reason=str(gone))
        raise self._gone


def _slightly_more(seconds: float) -> float:
    """So that waiting events do not all return at the same moment."""
    return seconds + random.uniform(0, min(1.0, 0.1 * seconds))
