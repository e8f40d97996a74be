"""How often aiokafka fetches from a broker: rarely while there are few records, as fast as it can with many."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: How long (milliseconds) a broker holds a fetch while there are no records. Meanwhile aiokafka sends it no other
#: fetch: a partition that was not in the first, or whose position was changed since, waits that long.
_LONG_WAIT_MS = 500
_SHORT_WAIT_MS = 50
#: How often (seconds) aiokafka checks for something to fetch without being woken, while everything is being fetched.
_LOOK_SECONDS = 1.0
#: After a fetch with more than this, the next one is sent immediately.
_MANY_RECORDS = 1_000
_MANY_BYTES = 256 * 1024
#: There are two fetches for each commit interval: one brings the first record, and one that is sent after this part of
#: the interval brings the others, just before the cycle begins.
_SECOND_FETCH = 0.85
#: From then until this part of the interval, fetches follow each other immediately: the cycle may begin at any moment.
_CYCLE_BEGINS = 1.1
#: Longer intervals (seconds) count as this long: so many records may have arrived that none has to wait.
_LONGEST_SECONDS = 0.1


class FetchPace:
    """Decides when the next fetch may be sent. Used by the consumer's thread only."""

    def __init__(self, interval: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`interval`: how long (seconds) records wait for others to share their transaction."""
        self._interval = min(interval, _LONGEST_SECONDS)
        self._monotonic = monotonic
        self._first_at = float("-inf")  # when the first of the records arrived that wait together
        #: Whether every open input is being fetched: none waits for a seek, or for room in the buffer.
        self.settled = False

    def drained(self, records: int, size: int) -> None:
        """So many records, of this size in bytes, were taken from the fetched ones."""
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
        """Make aiokafka's fetcher follow this pace."""
        theirs = fetcher._get_actions_per_node

        def actions(assignment: Any) -> Any:
            if (left := self.left()) > 0.0:
                return [], {}, left, False, []  # nothing to send; look again then
            if not self.settled or fetcher._records:  # records not drained yet keep their partitions out of the fetch
                fetcher._fetch_max_wait_ms = _SHORT_WAIT_MS
                return theirs(assignment)
            fetcher._fetch_max_wait_ms = _LONG_WAIT_MS
            *what, _, invalid_metadata, resumed = theirs(assignment)
            return *what, _LOOK_SECONDS, invalid_metadata, resumed

        fetcher._get_actions_per_node = actions
