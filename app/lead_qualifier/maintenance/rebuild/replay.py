"""Processes one partition again: its records in the order of their times, under the rules of each time, by the workers'
own processor.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import msgspec

from lead_qualifier.engine import Application, Input, ProcessorContext, Record, Rejected
from lead_qualifier.engine.checkpoint import NEVER_SWEPT, Checkpoint, Sweep
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import bucket_of
from lead_qualifier.engine.timers import Timer
from lead_qualifier.maintenance.rebuild.timeline import Timeline
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, has_time
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_STATE
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.services.worker.lead_processor import NO_RULES, LeadProcessor, decode_lead, encode_lead

_SETTLE_EVERY = 20_000
_NONE = Rules(revision=NO_RULES, lead_management=False, live_scoring_models=frozenset(), models={})


def in_order(*topics: Iterable[Record], now_ms: int) -> Iterator[tuple[int, Record]]:
    """Records of several topics in the order in which they were probably written, each with the time of writing.

    Records of one topic keep their order, whatever their times are. Of equal times the topic named first comes first.
    `now_ms`: no record was written later (milliseconds since 1970).
    """
    return heapq.merge(*(_dated(records, now_ms) for records in topics), key=itemgetter(0))


def _dated(records: Iterable[Record], now_ms: int) -> Iterator[tuple[int, Record]]:
    """Records of one topic with times that never go back: a record whose own time is impossible gets that of the record
    before it, or at the start that of the record after it.
    """
    newest_ms = 0
    first: list[Record] = []
    for record in records:
        if has_time(record.timestamp_ms) and record.timestamp_ms <= now_ms:
            newest_ms = max(newest_ms, record.timestamp_ms)
        if not newest_ms:
            first.append(record)
            continue
        if first:
            yield from ((newest_ms, one) for one in first)
            first.clear()
        yield newest_ms, record
    yield from ((now_ms, one) for one in first)


class Replay:
    """The state of one partition while it is rebuilt."""

    def __init__(
        self,
        number: int,
        *,
        topic_prefix: str,
        partitions: int,
        rules: Timeline,
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
        live: Checkpoint | None = None,
        held: Mapping[bytes, bytes] = MappingProxyType({}),
    ) -> None:
        """`live` and `held`: the workers' checkpoint, and what they store by key. A sweep that they have not finished
        stays unfinished here, too: workers that switch to the result continue it.
        """
        self._changes = rules
        self._next_change = 0
        self._rules = _NONE
        self._processor = LeadProcessor(
            topic_prefix=topic_prefix, source="/rebuild", rules=lambda: self._rules, time_tolerance=time_tolerance
        )
        self._processor.begin()
        self._application = Application(
            name="rebuild",
            inputs=(Input(LEAD_CHANGED.full_name(topic_prefix)),),
            changelog=LEAD_STATE.full_name(topic_prefix),
            dead_letters="",
            partitions=partitions,
            processor=self._processor,
            encode_state=encode_lead,
            decode_state=decode_lead,
        )
        self._partition = Partition(self._application, number)
        self._timers: list[Timer] = []
        self._context = self._new_context(0)
        self._swept = 0
        self._live = live
        self._held = held
        self._unfinished = False
        self.number = number
        self.processed = 0
        self.next: dict[str, int] = {}
        """By topic the offset after the last record."""
        self.clock = 0
        """The time of the newest record so far, in milliseconds since 1970."""
        self.qualified: dict[str, str] = {}
        """Lead by event_id of each qualification."""
        self.counts: Counter[Any] = Counter()
        self.rejected = 0

    @property
    def leads(self) -> dict[bytes, bytes]:
        """The rebuilt state by key; complete after `finish`."""
        return self._partition.store

    @property
    def sweep_progress(self) -> tuple[int, Sweep | None]:
        """`swept` and `sweep` of the rebuilt checkpoint."""
        if self._unfinished and self._live is not None:
            return self._live.swept, self._live.sweep
        return self.revision, None

    @property
    def revision(self) -> int:
        """The revision of the newest rules that were used."""
        return max(0, self._rules.revision)

    def process(self, record: Record, written_ms: int) -> None:
        """Process a record, after everything that was due when it was written (milliseconds since 1970)."""
        self._advance(written_ms)
        context = self._context
        context.record, context.now_ms = record, self.clock
        try:
            if record.unreadable is not None:
                raise Rejected(record.unreadable)
            self._processor.process(record, context)
        except Rejected:
            self.rejected += 1
        context.record = None
        self.next[record.topic] = record.offset + 1
        self.processed += 1
        if self.processed % _SETTLE_EVERY == 0:
            self._settle()
        elif context.timers:
            self._take_timers()

    def finish(self, until_ms: int) -> None:
        """Advance the time to this moment: changes of the rules and holds may be due."""
        self._advance(until_ms)
        self._settle()

    def _advance(self, time_ms: int) -> None:
        while True:
            change = self._changes[self._next_change][0] if self._next_change < len(self._changes) else None
            due = self._timers[0][0] if self._timers else None
            if change is not None and change <= time_ms and (due is None or change <= due):
                self.clock = max(self.clock, change)
                self._change_rules(self._changes[self._next_change][1])
                self._next_change += 1
            elif due is not None and due <= time_ms:
                self.clock = max(self.clock, due)
                self._end_holds()
            else:
                break
        self.clock = max(self.clock, time_ms)

    def _change_rules(self, rules: Rules) -> None:
        self._settle()
        self._rules = rules
        self._processor.begin()
        if self._processor.sweep_pending(self._swept):
            live = self._live
            unfinished = (
                live if live is not None and live.swept != NEVER_SWEPT and live.swept < rules.revision else None
            )
            self._unfinished = self._unfinished or unfinished is not None
            for number, key in enumerate(sorted(self._partition.store), 1):
                if unfinished is None or self._was_swept(key, rules, unfinished):
                    self._processor.sweep(key, self._context, self._swept)
                if number % _SETTLE_EVERY == 0:
                    self._settle()
            self._settle()
        self._swept = rules.revision

    def _was_swept(self, key: bytes, rules: Rules, live: Checkpoint) -> bool:
        """Has the workers' unfinished sweep reached this lead? Or an earlier one that newer rules restarted: then the
        lead's state shows it.
        """
        if live.sweep is not None and rules.revision <= live.sweep.revision and bucket_of(key) < live.sweep.bucket:
            return True
        value = self._held.get(key)
        if value is None:
            return False
        try:
            lead = decode_lead(value)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return False
        published = {
            model.publish_command_id for model in rules.models.values() if model.published_revision > self._swept
        }
        triggers = {mark.trigger for mark in lead.marks.values()}
        triggers |= {hold.trigger.event_id for hold in lead.holds.values()}
        return bool(triggers & published)

    def _end_holds(self) -> None:
        self._context.now_ms = self.clock
        keys = set()
        while self._timers and self._timers[0][0] <= self.clock:
            keys.add(heapq.heappop(self._timers)[1])
        for key in sorted(keys):
            self._processor.on_timer(key, self._context)
        self._take_timers()

    def _take_timers(self) -> None:
        for schedule in self._context.timers:
            heapq.heappush(self._timers, schedule)
        self._context.timers.clear()

    def _settle(self) -> None:
        """Encode the decisions into the state: a million decoded leads take too much memory."""
        context = self._context
        self._partition.apply(context.changes())
        self._take_timers()
        for event in context.on_commit:
            self.qualified[event["event_id"]] = event["lead_id"]
        self.counts += context.counts
        self._context = self._new_context(self.clock)

    def _new_context(self, now_ms: int) -> ProcessorContext:
        return ProcessorContext(self._application, self._partition.number, self._partition.store, now_ms=now_ms)
