"""Causes before effects: records of some topics wait until others are read as far as those went when they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine.application import Application, Input
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.errors import KafkaClientError

log = structlog.get_logger(__name__)

_Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Gate:
    """Records before `until` may go once the others have been read up to `ends`. `epoch`: of the intake's queue."""

    epoch: int
    until: int
    ends: dict[_Place, int]


class InputBarriers:
    """A gate is set for whatever is queued when it is looked at, and stays until that has gone: what comes meanwhile to
    the topics that are waited for does not hold it up for ever. Used by the cycle's thread only.
    """

    def __init__(self, fetch_buffer: FetchBuffer, admin: Admin) -> None:
        self._fetch_buffer = fetch_buffer
        self._admin = admin
        self._barriers: dict[_Place, _Gate] = {}

    def prepare(self, partitions: Iterable[tuple[Application, int]]) -> None:
        """Set gates for what is queued and has none, by one question to the broker for all of them."""
        wanted: dict[_Place, tuple[int, int, list[_Place]]] = {}
        for app, number in partitions:
            for inp in app.inputs:
                place = (inp.topic, number)
                if (
                    not inp.after
                    or not self._fetch_buffer.pending(place)
                    or (at := self._fetch_buffer.next_offset(place)) is None
                ):
                    continue
                epoch, until = at  # before the ends are asked for: what these records follow from lies before those
                gate = self._barriers.get(place)
                if gate is None or gate.epoch != epoch:
                    wanted[place] = (epoch, until, [(topic, number) for topic in inp.after])
        if not wanted:
            return
        ends = self._ends({before for _, _, befores in wanted.values() for before in befores})
        for place, (epoch, until, befores) in wanted.items():
            self._barriers.pop(place, None)
            if all(before in ends for before in befores):
                self._barriers[place] = _Gate(epoch, until, {before: ends[before] for before in befores})

    def until(self, inp: Input, number: int) -> int | None:
        """Up to which offset records of an input may be taken now; None: none may."""
        place = (inp.topic, number)
        gate = self._barriers.get(place)
        at = self._fetch_buffer.next_offset(place)
        if gate is None or at is None or at[0] != gate.epoch:
            return None
        if not all(self._fetch_buffer.reached(before, end) for before, end in gate.ends.items()):
            return None
        return gate.until

    def went(self, inp: Input, number: int) -> None:
        """What its gate was set for has been taken, if nothing before its end is queued any more."""
        place = (inp.topic, number)
        gate = self._barriers.get(place)
        if gate is not None and self._fetch_buffer.reached(place, gate.until):
            del self._barriers[place]

    def _ends(self, places: set[_Place]) -> dict[_Place, int]:
        """Where committed records end; empty if the broker does not say."""
        try:
            return self._admin.list_offsets(dict.fromkeys(places, LATEST), committed=True, timeout=10)
        except (KafkaException, KafkaClientError) as error:
            topics = sorted({topic for topic, _ in places})
            log.warning("end_of_topic_unknown", topics=topics, error=str(error))
            return {}
