"""The handler of a sink: asks the breaker, has the event sent, and tells the consumer what becomes of the event."""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import structlog

from lead_qualifier.consumer import Event, Permanent, TryLater
from lead_qualifier.sinks.answers import Again, Done, Gone, NoAnswer, Verdict
from lead_qualifier.sinks.circuit import Circuit

log = structlog.get_logger(__name__)

#: First failures that are remembered: more leads than that do not wait at once.
_REMEMBERED = 100_000


class EndpointGone(Exception):
    """The endpoint wants no events any more; the message says what to do."""


class Observer(Protocol):
    """Is told of each attempt; see metrics."""

    def attempt(self, outcome: str, seconds: float) -> None:
        """`outcome`: delivered, nothing_to_do, filtered, overruled, retried, refused or gone."""


class Delivery:
    """Called for each event, in several threads."""

    def __init__(
        self,
        sink: str,
        send: Callable[[Event], Verdict],
        *,
        circuit: Circuit,
        give_up_after: float,
        observer: Observer,
        stop: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`send` may raise NoAnswer. `give_up_after`: seconds from the first failure of an event, in this process.
        `stop` ends the consumer: nothing more can be delivered.
        """
        self.gone: EndpointGone | None = None
        self._sink = sink
        self._send = send
        self._circuit = circuit
        self._give_up_after = give_up_after
        self._observer = observer
        self._stop = stop
        self._clock = clock
        self._lock = threading.Lock()
        self._first_failures: OrderedDict[str, float] = OrderedDict()

    def __call__(self, event: Event) -> None:
        """Raises TryLater, Permanent."""
        if self.gone is not None:
            raise TryLater(60, "the endpoint is gone", counts=False)
        if (wait := self._circuit.admit()) > 0:
            raise TryLater(_about(wait), "the endpoint is left alone for a while", counts=False)
        began = self._clock()
        try:
            verdict = self._send(event)
        except NoAnswer as error:
            verdict = Again(str(error))
        except BaseException:
            self._circuit.released()  # our own fault: says nothing of the endpoint
            raise
        took = self._clock() - began
        if isinstance(verdict, Done):
            self._settle(event, answered=verdict.outcome in {"delivered", "overruled"})
            self._observer.attempt(verdict.outcome, took)
        elif isinstance(verdict, Again):
            self._observer.attempt("retried", took)
            self._again(event, verdict)
        elif isinstance(verdict, Gone):
            self._observer.attempt("gone", took)
            self._end(verdict)
        else:
            self._settle(event, answered=True)
            self._observer.attempt("refused", took)
            raise Permanent(verdict.reason)

    def _settle(self, event: Event, *, answered: bool) -> None:
        if answered:
            self._circuit.succeeded()
        else:
            self._circuit.released()
        with self._lock:
            self._first_failures.pop(event.identity, None)

    def _again(self, event: Event, verdict: Again) -> None:
        # While the endpoint is away no event is given up: that is not the event's fault.
        counts = not verdict.busy
        if verdict.fault:
            counts = self._circuit.failed()
        elif verdict.busy:
            self._circuit.succeeded()
        else:
            self._circuit.released()
        if verdict.wait is not None:
            self._circuit.rest(verdict.wait)
        log.warning(
            "delivery_failed",
            sink=self._sink,
            topic=event.topic,
            partition=event.partition,
            offset=event.offset,
            attempt=event.attempt,
            reason=verdict.reason,
        )
        if self._tried_for(event) >= self._give_up_after:
            with self._lock:
                self._first_failures.pop(event.identity, None)
            raise Permanent(f"given up after {self._give_up_after:g} s: {verdict.reason}")
        wait = None if verdict.wait is None else _about(verdict.wait)
        raise TryLater(wait, verdict.reason, counts=counts)

    def _tried_for(self, event: Event) -> float:
        now = self._clock()
        with self._lock:
            first = self._first_failures.setdefault(event.identity, now)
            if len(self._first_failures) > _REMEMBERED:
                self._first_failures.popitem(last=False)
        return now - first

    def _end(self, verdict: Gone) -> None:
        self._circuit.released()
        self.gone = EndpointGone(
            f"the sink {self._sink} has ended: {verdict.reason}; nothing is lost: have the endpoint opened again or "
            "change its url and start the sink anew, or stop running it for good"
        )
        log.critical("endpoint_gone", sink=self._sink, reason=verdict.reason)
        self._stop()
        raise TryLater(60, verdict.reason, counts=False)


def _about(seconds: float) -> float:
    """A little longer, not all at the same moment."""
    return seconds + random.uniform(0, min(1.0, 0.1 * seconds))
