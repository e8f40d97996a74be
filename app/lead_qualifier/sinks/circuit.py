"""A circuit breaker: after failures in a row an endpoint is left alone for a while, then tried with one request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum


class State(Enum):
    """What the breaker lets through."""

    CLOSED = "closed"
    """Everything: the endpoint works."""
    OPEN = "open"
    """Nothing, until its time is over."""
    HALF_OPEN = "half_open"
    """One request at a time, to see whether the endpoint works again."""


Changed = Callable[[State, State], None]
"""Called with the state before and after, in the thread that changed it, without the lock."""


def _nothing(_before: State, _after: State) -> None:
    pass


class Circuit:
    """Any thread may call. Whoever was admitted tells how it went: succeeded, failed or released."""

    POLL_SECONDS = 1.0
    """How soon to ask again while another's request is to tell: thousands of leads may ask."""

    def __init__(
        self,
        *,
        failures: int,
        open_for: float,
        changed: Changed = _nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens after so many failures in a row, for so many seconds."""
        self._limit = failures
        self._open_for = open_for
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._failures = 0
        self._until = 0.0  # when it is open: the end of that
        self._rest = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        """As it is now."""
        with self._lock:
            return self._state

    def admit(self) -> float:
        """0: send. Else: ask again after so many seconds."""
        with self._lock:
            now = self._clock()
            if now < self._rest:
                return self._rest - now
            if self._state is State.CLOSED:
                return 0.0
            if self._state is State.OPEN and now < self._until:
                return self._until - now
            if self._probing:
                return self.POLL_SECONDS
            self._probing = True
            before, self._state = self._state, State.HALF_OPEN
        self._tell(before, State.HALF_OPEN)
        return 0.0

    def succeeded(self) -> None:
        """The endpoint answered as one that works."""
        with self._lock:
            before, self._state = self._state, State.CLOSED
            self._failures = 0
            self._probing = False
        self._tell(before, State.CLOSED)

    def failed(self) -> bool:
        """It did not. True if it is closed still: then the failure may be the request's own."""
        with self._lock:
            before = self._state
            self._failures += 1
            if before is State.HALF_OPEN or (before is State.CLOSED and self._failures >= self._limit):
                self._state = State.OPEN
                self._until = self._clock() + self._open_for
                self._probing = False
            after = self._state
        self._tell(before, after)
        return after is State.CLOSED

    def released(self) -> None:
        """Nothing can be said of the endpoint: nothing was sent, or it asked to come later."""
        with self._lock:
            self._probing = False

    def rest(self, seconds: float) -> None:
        """The endpoint asked to be left alone so long: nobody is admitted until then."""
        with self._lock:
            self._rest = max(self._rest, self._clock() + seconds)

    def _tell(self, before: State, after: State) -> None:
        if before is not after:
            self._changed(before, after)
