"""Whether records still arrive: the passes of the fetch loop, topic partitions whose fetches no broker answers, and
those that have more records but do not move.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lead_qualifier.engine.errors import Code, Report
from lead_qualifier.engine.partitioning import TopicPartition


class FetchHealth:
    """Written by the consumer's thread, read by the watchdog.

    Faust and aiokafka have ways to stop for ever without an error that anybody sees: a recovery that times out, a
    coordinator error that waits to be asked for. All of them end in a fetch loop that passes no more.
    """

    def __init__(self) -> None:
        self._passed_at = time.monotonic()
        self._behind: dict[TopicPartition, tuple[int, float]] = {}
        self._answers: dict[TopicPartition, tuple[int | None, float]] = {}
        self._tasks: tuple[Any, ...] = ()

    def passed(self, *tasks: Any) -> None:
        """The loop is about to fetch; `tasks` are those of the consumer that must be running."""
        self._passed_at = time.monotonic()
        self._tasks = tasks

    def seen(self, tp: TopicPartition, position: int, end: int | None) -> None:
        """Where a topic partition stands, and the end of what may be read of it (None: not heard of yet)."""
        if end is None or position >= end:
            self._behind.pop(tp, None)
        elif self._behind.get(tp, (-1, 0.0))[0] != position:
            self._behind[tp] = (position, time.monotonic())

    def fetching(self, answers: Mapping[TopicPartition, int | None]) -> None:
        """All topic partitions that are being fetched now, each with the time of its newest answer (None: none yet)."""
        known, now = self._answers, time.monotonic()
        self._answers = {
            tp: known[tp] if tp in known and known[tp][0] == answer else (answer, now) for tp, answer in answers.items()
        }

    def unanswered(self) -> tuple[TopicPartition, float] | None:
        """The topic partition whose fetches have been without an answer for longest, and for how many seconds. A broker
        answers at least twice a second, even if there is nothing new.
        """
        longest = min(self._answers.items(), key=lambda item: item[1][1], default=None)
        return None if longest is None else (longest[0], time.monotonic() - longest[1][1])

    def assigned(self) -> None:
        """A new assignment: what stood still before may be somebody else's now."""
        self._behind.clear()
        self._answers = {}
        self._passed_at = time.monotonic()

    def behind(self, tp: TopicPartition) -> float:
        """Seconds for which a topic partition has had more than what was read, without moving; 0 if it has none."""
        _, since = self._behind.get(tp, (0, None))
        return 0.0 if since is None else time.monotonic() - since

    def silent(self) -> float:
        """Seconds since the loop last passed."""
        return time.monotonic() - self._passed_at

    def problem(self, stall_seconds: float) -> Report | None:
        """Why records do not come any more, or None. To be asked while there is an assignment."""
        for task in self._tasks:
            if task.done():
                return Report(Code.FETCH_TASK_ENDED, {"task": task.get_coro().__name__})
        silent = self.silent()
        if silent > stall_seconds:
            return Report(Code.FETCH_SILENT, {"seconds": round(silent)})
        now = time.monotonic()
        for (topic, number), (position, since) in list(self._behind.items()):
            if now - since > stall_seconds:
                return Report(
                    Code.FETCH_STUCK,
                    {"topic": topic, "partition": number, "offset": position, "seconds": round(now - since)},
                )
        return None
