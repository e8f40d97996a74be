"""Causes before effects: holds back records of an input until the topics they depend on are processed far enough."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine.application import Application, Input
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.errors import KafkaClientError

log = structlog.get_logger(__name__)

#: Seconds until a broker that did not say where topics end is asked again. There are many cycles before a partition has
#: a new leader.
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Barrier:
    """Records before `until` may pass once the others are processed up to `ends`. `epoch`: the fetch buffer's."""

    epoch: int
    until: int
    ends: dict[TopicPartition, int]


class InputBarriers:
    """Makes records wait until other inputs are processed. A barrier is set once for the queued records and stays until
    they have passed, so that later records of the other inputs cannot delay them for ever. Used by the cycle's thread
    only.
    """

    def __init__(self, fetch_buffer: FetchBuffer, admin: Admin) -> None:
        self._fetch_buffer = fetch_buffer
        self._admin = admin
        self._barriers: dict[TopicPartition, _Barrier] = {}
        self._ask_from = 0.0  # monotonic

    def prepare(self, partitions: Iterable[tuple[Application, int]]) -> None:
        """Set barriers for what is queued without one, by one request to the broker for all of them."""
        wanted: dict[TopicPartition, tuple[int, int, list[TopicPartition]]] = {}
        for app, number in partitions:
            for inp in app.inputs:
                tp = (inp.topic, number)
                if (
                    not inp.after
                    or not self._fetch_buffer.pending(tp)
                    or (at := self._fetch_buffer.next_offset(tp)) is None
                ):
                    continue
                epoch, until = at  # before the ends are asked for: what these records follow from is before those
                barrier = self._barriers.get(tp)
                if barrier is None or barrier.epoch != epoch:
                    wanted[tp] = (epoch, until, [(topic, number) for topic in inp.after])
        if not wanted or time.monotonic() < self._ask_from:
            return
        ends = self._ends({cause for _, _, causes in wanted.values() for cause in causes})
        for tp, (epoch, until, causes) in wanted.items():
            self._barriers.pop(tp, None)
            if all(cause in ends for cause in causes):
                self._barriers[tp] = _Barrier(epoch, until, {cause: ends[cause] for cause in causes})

    def until(self, inp: Input, number: int) -> int | None:
        """Records of an input may be taken up to this offset now; None: none may."""
        tp = (inp.topic, number)
        barrier = self._barriers.get(tp)
        at = self._fetch_buffer.next_offset(tp)
        if barrier is None or at is None or at[0] != barrier.epoch:
            return None
        if not all(self._fetch_buffer.reached(cause, end) for cause, end in barrier.ends.items()):
            return None
        return barrier.until

    def taken(self, inp: Input, number: int) -> None:
        """Records of an input were taken: its barrier goes if nothing before its end is queued any more."""
        tp = (inp.topic, number)
        barrier = self._barriers.get(tp)
        if barrier is not None and self._fetch_buffer.reached(tp, barrier.until):
            del self._barriers[tp]

    def _ends(self, partitions: set[TopicPartition]) -> dict[TopicPartition, int]:
        """Where committed records end; empty if the broker does not say."""
        try:
            return self._admin.list_offsets(dict.fromkeys(partitions, LATEST), committed=True, timeout=10)
        except (KafkaException, KafkaClientError) as error:
            topics = sorted({topic for topic, _ in partitions})
            log.warning("end_of_topic_unknown", topics=topics, error=str(error))
            self._ask_from = time.monotonic() + _PAUSE_SECONDS
            return {}
