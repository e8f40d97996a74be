"""A circuit breaker: after failures in a row it leaves an endpoint alone for a while, then tests it with a request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum


class State(Enum):
    """What the breaker lets through."""

    CLOSED = "closed"
    """Every request: the endpoint works."""
    OPEN = "open"
    """None, until its time is over."""
    HALF_OPEN = "half_open"
    """One request at a time, to test whether the endpoint works again."""


Changed = Callable[[State, State], None]
"""Called with the previous and the new state, in the thread that changed it, without holding the lock."""


class Circuit:
    """Any thread may call. A caller that is admitted must then call succeeded, failed or released."""

    POLL_SECONDS = 1.0
    """How long to wait before asking again while another request is testing the endpoint."""

    def __init__(
        self,
        *,
        failures: int,
        open_for: float,
        changed: Changed = lambda before, after: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`failures`: how many in a row open it. `open_for`: for how many seconds."""
        self._limit = failures
        self._open_for = open_for
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._failures = 0
        self._until = 0.0  # when the open state ends
        self._rest_until = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        """The current state."""
        with self._lock:
            return self._state

    def admit(self) -> float:
        """0: send. Otherwise: the number of seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
            if now < self._rest_until:
                return self._rest_until - now
            if self._state is State.CLOSED:
                return 0.0
            if self._state is State.OPEN and now < self._until:
                return self._until - now
            if self._probing:
                return self.POLL_SECONDS
            self._probing = True
            before, self._state = self._state, State.HALF_OPEN
        self._notify(before, State.HALF_OPEN)
        return 0.0

    def succeeded(self) -> None:
        """The endpoint answered in a way that shows it works."""
        with self._lock:
            before, self._state = self._state, State.CLOSED
            self._failures = 0
            self._probing = False
        self._notify(before, State.CLOSED)

    def failed(self) -> bool:
        """It did not. True if the breaker is still closed: the request itself may be the cause."""
        with self._lock:
            before = self._state
            self._failures += 1
            if before is State.HALF_OPEN or (before is State.CLOSED and self._failures >= self._limit):
                self._state = State.OPEN
                self._until = self._clock() + self._open_for
                self._probing = False
            after = self._state
        self._notify(before, after)
        return after is State.CLOSED

    def released(self) -> None:
        """The attempt showed nothing about the endpoint: nothing was sent, or it asked for a later attempt."""
        with self._lock:
            self._probing = False

    def rest(self, seconds: float) -> None:
        """The endpoint asked to be left alone for this long: admit nothing until then."""
        with self._lock:
            self._rest_until = max(self._rest_until, self._clock() + seconds)

    def _notify(self, before: State, after: State) -> None:
        if before is not after:
            self._changed(before, after)
