"""How often aiokafka asks a broker for records: rarely while there are few, as fast as it can while there are many."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: How long (milliseconds) a broker holds a fetch to which it has nothing to answer. While one fetch waits there,
#: aiokafka sends no other: a partition that was not in it, or was sought since, waits that long.
_LONG_WAIT_MS = 500
_SHORT_WAIT_MS = 50
#: How often (seconds) aiokafka looks for something to fetch that nobody has told it of, if all is fetched.
_LOOK_SECONDS = 1.0
#: Fetches that bring more than this are followed by the next immediately.
_MANY_RECORDS = 1_000
_MANY_BYTES = 256 * 1024
#: What comes together in one commit interval is fetched twice: its first record, and at this part of the interval the
#: others, so that they are there when the cycle begins.
_SECOND_FETCH = 0.85
#: From then until this part of the interval fetches follow each other at once: the cycle may begin at any moment.
_CYCLE_BEGINS = 1.1
#: In a longer interval (seconds) more is fetched in between: so many records may be there by now that none has to wait.
_LONGEST_SECONDS = 0.1


class FetchPace:
    """Used by the consumer's thread only."""

    def __init__(self, interval: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`interval`: how long (seconds) records wait for others to share their transaction."""
        self._interval = min(interval, _LONGEST_SECONDS)
        self._monotonic = monotonic
        self._first_at = float("-inf")  # when the first record came of those that wait together
        #: All that is ours is fetched: nothing waits to be sought, or for room.
        self.settled = False

    def drained(self, records: int, size: int) -> None:
        """So many records, of this size in bytes, were taken from what was fetched."""
        now = self._monotonic()
        if records > _MANY_RECORDS or size > _MANY_BYTES:
            self._first_at = float("-inf")
        elif records and now >= self._first_at + _CYCLE_BEGINS * self._interval:
            self._first_at = now

    def left(self) -> float:
        """Seconds until the next fetch may be sent; 0: now."""
        if not self.settled:
            return 0.0
        return max(0.0, self._first_at + _SECOND_FETCH * self._interval - self._monotonic())

    def install(self, fetcher: Any) -> None:
        """Have aiokafka's fetcher keep to it."""
        theirs = fetcher._get_actions_per_node

        def actions(assignment: Any) -> Any:
            if (left := self.left()) > 0.0:
                return [], {}, left, False, []  # nothing to send; look again then
            if not self.settled or fetcher._records:  # what is not drained yet is not in the fetch
                fetcher._fetch_max_wait_ms = _SHORT_WAIT_MS
                return theirs(assignment)
            fetcher._fetch_max_wait_ms = _LONG_WAIT_MS
            *what, _, invalid_metadata, resumed = theirs(assignment)
            return *what, _LOOK_SECONDS, invalid_metadata, resumed

        fetcher._get_actions_per_node = actions
