"""Finds the record or key whose results the broker refuses, so that nothing else suffers for it.

When transactions are refused time after time for what they hold, one partition after the other is processed alone and
in ever smaller parts, until one record is left. It is quarantined: when it is processed next it becomes a dead letter.
A key whose timer or sweep causes the refusal is tried again later, or left out of the sweep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from lead_qualifier.engine.checkpoint import Sweep
from lead_qualifier.engine.context import DeadLetter
from lead_qualifier.engine.errors import DeadLetterClass
from lead_qualifier.engine.partition import Partition, PartitionResult
from lead_qualifier.kafka.records import Record, RecordId, record_id

log = structlog.get_logger(__name__)

#: A partition that sweeps is searched from this many keys downwards.
_SWEPT_AT_ONCE = 64
#: A key whose timer was refused is tried again after this time (milliseconds).
_RETRY_MS = 60_000
#: That time doubles with each refusal, up to this factor.
_RETRY_FACTOR = 64
#: This many cycles in a row without a refusal double the limit, however little they processed.
_CLEAN_CYCLES = 8


class Isolation:
    """Used by the cycle's thread only."""

    def __init__(self, max_records: int) -> None:
        """`max_records`: isolation ends when a partition takes this many again."""
        self._max_records = max_records
        #: Records to reject when they are processed next, and why.
        self.quarantined: dict[RecordId, str] = {}
        self._rejected: set[RecordId] = set()  # the quarantined ones that this cycle has rejected
        self._bare: set[RecordId] = set()  # quarantined ones whose dead letter was refused, too
        self._limits: dict[str, int] = {}  # partition -> records or keys to process at once
        self._clean: Counter[str] = Counter()  # cycles of such a partition in a row that were committed
        #: (partition, key) of a timer -> how often it was refused, and when to try again.
        self._refused_timers: dict[tuple[str, bytes], tuple[int, int]] = {}
        self._unsweepable: set[tuple[str, bytes]] = set()
        self._swept: dict[str, tuple[Sweep, frozenset[bytes]]] = {}  # partition -> keys of a bucket that are done

    def limit(self, partition: Partition) -> int | None:
        """How many records or keys the partition may process at once; None: as many as fit."""
        return self._limits.get(partition.label)

    def split_due(self, partition: Partition, due: list[bytes], now_ms: int) -> tuple[list[bytes], list[bytes]]:
        """Due keys that were never refused, and at most one that was and is to be tried again, alone."""
        if not self._refused_timers:
            return due, []
        others: list[bytes] = []
        alone: list[bytes] = []
        for key in due:
            refused = self._refused_timers.get((partition.label, key))
            if refused is None:
                others.append(key)
            elif (until_ms := refused[1]) > now_ms:
                partition.timers.done([key], [(until_ms, key)])
            elif not alone:
                alone.append(key)
        return others, alone

    def unswept(self, partition: Partition, at: Sweep) -> list[bytes]:
        """The keys of a sweep's bucket, without those that are done or were refused."""
        keys = partition.keys_in(at.bucket)
        if not self._swept and not self._unsweepable:
            return keys
        done_at, done = self._swept.get(partition.label, (None, frozenset[bytes]()))
        return [
            key
            for key in keys
            if (partition.label, key) not in self._unsweepable and not (done_at == at and key in done)
        ]

    def begin_cycle(self) -> None:
        """A cycle begins: nothing has been rejected in it yet."""
        self._rejected.clear()

    def rejection(self, record: Record) -> DeadLetter | None:
        """The dead letter of a record that cannot be read or that the broker refused; None for any other."""
        where = record_id(record)
        reason = self.quarantined.get(where)
        if reason is None:
            if record.unreadable is None:
                return None
            return DeadLetter(record, record.unreadable, DeadLetterClass.UNDECODABLE)
        self._rejected.add(where)
        if where in self._bare:
            record = Record(*where, record.timestamp_ms, None, None, ())
            reason = f"{reason} (the broker refused the dead letter, too: key, value and headers are left out)"
        return DeadLetter(record, reason, DeadLetterClass.REFUSED)

    def refused(self, results: Sequence[PartitionResult], reason: str, *, repeated: bool) -> None:
        """The broker has refused something in these results. `repeated`: time after time, so it has to be isolated."""
        for result in results:
            label, limit = result.task.partition.label, result.task.isolation_limit
            self._clean.pop(label, None)
            if limit is None:
                if repeated and label not in self._limits:
                    self._limits[label] = max(result.size, _SWEPT_AT_ONCE if result.task.sweep else 1)
                    log.warning("isolation_started", partition=label, reason=reason)
            elif result.size > 1:
                self._limits[label] = result.size // 2
            elif result.records:
                (record,) = (r for b in result.batches for r in b.records)
                where = record_id(record)
                if where in self._rejected:
                    self._bare.add(where)
                self.quarantined[where] = f"the broker refused what follows from this record: {reason}"
            else:
                self._refuse_keys(result, reason)

    def _refuse_keys(self, result: PartitionResult, reason: str) -> None:
        label = result.task.partition.label
        for key in (*result.known.due, *result.known.swept_keys):
            log.error("key_not_processed", partition=label, key=shown(key), reason=f"the broker refused: {reason}")
        for key in result.known.due:
            times = self._refused_timers.get((label, key), (0, 0))[0]
            delay = _RETRY_MS * min(_RETRY_FACTOR, 2**times)
            self._refused_timers[label, key] = times + 1, result.task.now_ms + delay
        self._unsweepable.update((label, key) for key in result.known.swept_keys)

    def committed(self, results: Sequence[PartitionResult]) -> None:
        """The cycle was committed."""
        for where in self._rejected:
            self.quarantined.pop(where, None)
            self._bare.discard(where)
        if self._limits or self._refused_timers or self._swept or self._unsweepable:
            for result in results:
                self._widen(result)

    def _widen(self, result: PartitionResult) -> None:
        label, limit = result.task.partition.label, result.task.isolation_limit
        for key in result.known.due:
            if key not in result.known.failed:
                self._refused_timers.pop((label, key), None)
        sweep = result.checkpoint.sweep
        if sweep is None:
            self._swept.pop(label, None)
            self._unsweepable = {one for one in self._unsweepable if one[0] != label}
        elif result.known.swept_keys:
            at, swept = self._swept.get(label, (None, frozenset[bytes]()))
            self._swept[label] = sweep, frozenset(result.known.swept_keys) | (swept if at == sweep else set())
        if limit is None or label not in self._limits:
            return
        self._clean[label] += 1
        # a few due keys do not prove that the many records are sound
        if result.size * 2 > limit or self._clean[label] >= _CLEAN_CYCLES:
            self._clean.pop(label, None)
            self._limits[label] = limit * 2
            if limit * 2 > self._max_records:
                del self._limits[label]
                log.info("isolation_ended", partition=label)


def shown(key: bytes) -> str:
    """A key as logs show it."""
    return key.decode(errors="backslashreplace")
