"""The cycle: take what is pending, decide it on overlays, write everything in one transaction, then make the overlays
the state.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog
from confluent_kafka import TopicPartition

from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.application import Application, PlainRecord, Record, Rejected, UnreadableRecord
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, Sweep
from lead_qualifier.engine.clock import Clock
from lead_qualifier.engine.context import CarefulContext, OutputTooLarge, ProcessorContext
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer, split
from lead_qualifier.engine.input_barriers import InputBarriers
from lead_qualifier.engine.partition import Change, Partition
from lead_qualifier.engine.partitioning import BUCKETS
from lead_qualifier.engine.timers import Timer
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.records import Output

log = structlog.get_logger(__name__)

#: How often a record may make its cycle fail before it becomes a dead letter.
ATTEMPTS = 3
#: Keys whose time has come that one cycle looks at in each partition.
_DUE_AT_ONCE = 2_000
#: A key that could not be decided when its time had come is looked at again so much later (milliseconds).
_DUE_AGAIN_MS = 60_000
#: That time doubles each time the broker refuses what follows from a key, up to this factor.
_REFUSED_FACTOR = 64
#: So many cycles in a row without a refusal let twice as many things into the next, however few those had.
_CLEAN_CYCLES = 8
#: Records decided between two looks at how much the cycle has become.
_AT_ONCE = 64
#: A cycle that has decided for so long (seconds) writes what it has: a rebalance waits for it.
_DECIDE_SECONDS = 5.0
#: Of what a state may take: with a record larger than this part, one record's results may be too large although the
#: state that is written in the end is not. Whether a record is rejected must not depend on what shares its cycle.
_LARGE_PART = 8
#: A cycle is never made smaller than this part of its limits by transactions that fail.
_LEAST = 1 / 1024
#: How long one cycle may walk over known keys (seconds), in one partition, the next cycle in another. Live records wait
#: no longer than that for a sweep; much shorter, and the sweep would mostly wait for its transactions.
SWEEP_SECONDS = 0.018
#: A position that only has to move past what is no record waits so long (seconds) for a cycle that has more to do.
PASSING_SECONDS = 1.0

Place = tuple[str, int, int]
U = TypeVar("U", bound=ProcessorContext)


@dataclass(slots=True)
class Work:
    """What a cycle has to do for one partition."""

    partition: Partition
    batches: list[Batch]
    revision: int
    #: Known keys are to be walked over, if not in this cycle.
    unswept: bool
    #: It is this partition's turn to do so.
    sweep: bool
    #: Keys whose time has come.
    due: list[bytes]
    #: What time it is for this partition: never before its last cycle (milliseconds since 1970).
    now_ms: int
    #: Positions by topic that move past what is no record.
    passed: dict[str, int]
    #: Set if nothing else is in the transaction and only so many records or keys are decided: the broker refuses what
    #: follows from one of them.
    narrow: int | None = None


@dataclass(slots=True)
class Decided:
    """What it did: to be written, and then to become the state."""

    work: Work
    context: ProcessorContext
    position: Checkpoint
    changes: list[Change]
    #: Keys that were looked at because their time had come.
    due: list[bytes]
    #: Those of them that could not be decided.
    failed: set[bytes]
    #: Keys that the sweep looked at, if the work was narrow.
    swept: list[bytes]

    @property
    def records(self) -> int:
        """Records that were decided."""
        return self.context.record_counts.total()

    def following(self) -> list[Timer]:
        """What the states of the keys whose time had come wait for now."""
        entries = self.work.partition.store
        looked_at = {key: entries[key] for key in self.due if key in entries and key not in self.failed}
        if not looked_at:
            return []
        timers = self.work.partition.application.processor.timers(looked_at)
        return [schedule for schedule in timers if schedule[0] > self.work.now_ms]


class _Fault(Exception):
    """A decider raised something other than Rejected."""


class BatchProcessor:
    """Turns pending records into results. Knows no transaction; one per engine, used by the cycle's thread only."""

    def __init__(
        self,
        fetch_buffer: FetchBuffer,
        admin: Admin,
        *,
        group_id: str,
        max_records: int,
        max_bytes: int = 64 * 1024 * 1024,
        hook: FaultHook,
        progress: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
    ) -> None:
        """`max_records` and `max_bytes` (of what is read, and of what is about to be written) limit one cycle;
        `progress` is called while one is being decided.
        """
        self._fetch_buffer = fetch_buffer
        self._barriers = InputBarriers(fetch_buffer, admin)
        self._group_id = group_id
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._hook = hook
        self._progress = progress
        self._clock = clock or Clock()
        self._quarantined: dict[Place, str] = {}
        self._rejected: set[Place] = set()  # the poisoned ones that this cycle has made dead letters
        self._passing: dict[str, float] = {}  # partition -> when its position was first seen to have to move so
        self._scale = 1.0  # part of the limits that a cycle uses; less after transactions that failed
        #: Partitions in which something is looked for that the broker refuses -> records or keys to decide at once.
        self._narrow: dict[str, int] = {}
        self._clean: Counter[str] = Counter()  # cycles of such a partition in a row that were committed
        #: (partition, key) of a timer -> how often the broker refused what follows, and when to try again.
        self._refused: dict[tuple[str, bytes], tuple[int, int]] = {}
        self._unsweepable: set[tuple[str, bytes]] = set()
        self._swept: dict[str, tuple[Sweep, frozenset[bytes]]] = {}  # partition -> keys of a bucket that are done
        self._bare: set[Place] = set()  # poisoned records whose dead letter was refused, too

    def take(self, partitions: Sequence[Partition]) -> list[Work]:
        """Everything that can be decided now, each partition up to its share of the limit.

        A partition in which something refused is looked for is decided alone, and so is a key that was refused before.
        """
        revisions: dict[str, int] = {}
        work: list[Work] = []
        sweeping = False
        self._barriers.prepare((partition.application, partition.number) for partition in partitions)
        for partition in partitions:
            app = partition.application
            narrow = self._narrow.get(partition.label)
            if narrow is not None and work:
                continue
            revision = revisions.get(app.name)
            if revision is None:
                revision = revisions[app.name] = app.processor.begin()
            position = partition.checkpoint
            assert position is not None  # open partitions have one
            if partition.set_back:  # only to be written down
                now_ms = self._now_ms(partition, position)
                work.append(Work(partition, [], revision, True, False, [], now_ms, {}))
                continue
            if position.revision > revision:
                # the rules are not known yet, or another worker decided by newer ones: wait until our table has them
                continue
            now_ms = self._now_ms(partition, position)
            # one more than are looked at tells that some are left
            due = partition.timers.due(now_ms, _DUE_AT_ONCE + 1) if partition.has_caught_up() else []
            if self._refused:
                due, alone = self._refused_apart(partition, due, now_ms)
                if not due and alone and not work:
                    due, narrow = alone, 1
            unswept = app.processor.sweep_pending(_swept(position, revision))
            passed = self._fetch_buffer.passed(partition.number, position.next)
            batches: list[Batch] = []
            if narrow is None:
                batches = self._take(partition, self._share(self._max_records, partitions), partitions)
                sweep = unswept and not sweeping
            else:  # one kind of things only, and only so many
                due = due[:narrow]
                sweep = unswept and not due
                if not due and not sweep:
                    batches = self._take(partition, narrow, partitions)
            if batches or sweep or due or self._is_time_to_pass(partition, passed):
                work.append(Work(partition, batches, revision, unswept, sweep, due, now_ms, passed, narrow))
                if narrow is not None:
                    break
            sweeping = sweeping or unswept
        return work

    def _now_ms(self, partition: Partition, position: Checkpoint) -> int:
        now_ms = self._clock.now_ms()
        if position.clock > now_ms:
            ahead_ms = position.clock - now_ms
            if not self._clock.confirmed or ahead_ms <= self._clock.tolerance_ms:
                return position.clock
            # whoever decided last had a wrong clock, and until that time no timer's time would come
            log.error("position_clock_put_back", partition=partition.label, seconds=round(ahead_ms / 1000))
        return now_ms

    def _refused_apart(self, partition: Partition, due: list[bytes], now_ms: int) -> tuple[list[bytes], list[bytes]]:
        """What is due without the keys that were refused before; of those whose time to try again has come, one."""
        others: list[bytes] = []
        alone: list[bytes] = []
        for key in due:
            times_until = self._refused.get((partition.label, key))
            if times_until is None:
                others.append(key)
            elif (until_ms := times_until[1]) > now_ms:
                partition.timers.done([key], [(until_ms, key)])
            elif not alone:
                alone.append(key)
        return others, alone

    def _share(self, limit: int, partitions: Sequence[Partition]) -> int:
        return max(1, int(limit * self._scale) // max(1, len(partitions)))

    def decide(self, work: Sequence[Work]) -> list[Decided]:
        """Decide it, as far as the cycle's limits allow; the rest is taken again. A record that keeps failing, or whose
        results cannot be written, becomes a dead letter.
        """
        self._rejected.clear()
        decided: list[Decided] = []
        left = self._max_bytes * self._scale
        until = time.monotonic() + _DECIDE_SECONDS
        for item in work:
            if decided and (left <= 0 or time.monotonic() > until):
                self._fetch_buffer.give_back(item.batches)
                continue
            done = self._decide(item, left, until)
            left -= done.context.bytes
            decided.append(done)
        return decided

    def quarantine(self, record: Record, reason: str) -> None:
        """Make the record a dead letter when it is decided next."""
        self._quarantined[_place(record)] = reason

    def refused(self, decided: Sequence[Decided], reason: str, *, again: bool) -> None:
        """The broker has refused what follows from something in these. `again`: time after time, so that it is to be
        looked for: in one partition after the other, in ever smaller parts.
        """
        for done in decided:
            label = done.work.partition.label
            things = done.records + len(done.due) + len(done.swept)
            self._clean.pop(label, None)
            if done.work.narrow is None:
                if again and label not in self._narrow:
                    self._narrow[label] = max(things, _AT_ONCE if done.work.sweep else 1)
                    log.warning("refused_record_searched", partition=label, reason=reason)
            elif things > 1:
                self._narrow[label] = things // 2
            elif done.records:
                (record,) = (r for b in done.work.batches for r in b.records)
                if _place(record) in self._rejected:
                    self._bare.add(_place(record))
                self.quarantine(record, f"the broker refused what follows from this record: {reason}")
            else:
                for key in (*done.due, *done.swept):
                    log.error(
                        "key_not_decided", partition=label, key=_shown(key), reason=f"the broker refused: {reason}"
                    )
                for key in done.due:
                    times = self._refused.get((label, key), (0, 0))[0]
                    delay = _DUE_AGAIN_MS * min(_REFUSED_FACTOR, 2**times)
                    self._refused[label, key] = times + 1, done.work.now_ms + delay
                self._unsweepable.update((label, key) for key in done.swept)

    def failed(self) -> None:
        """A transaction was not committed, for whatever it holds or not: the next ones are smaller."""
        self._scale = max(_LEAST, self._scale / 2)

    def settled(self, decided: Sequence[Decided]) -> None:
        """This cycle was committed."""
        for place in self._rejected:
            self._quarantined.pop(place, None)
            self._bare.discard(place)
        self._scale = min(1.0, self._scale * 2)
        if self._narrow or self._refused or self._swept or self._unsweepable:
            for done in decided:
                self._settled(done)

    def _settled(self, done: Decided) -> None:
        label, narrow = done.work.partition.label, done.work.narrow
        for key in done.due:
            if key not in done.failed:
                self._refused.pop((label, key), None)
        if done.position.sweep is None:
            self._swept.pop(label, None)
            self._unsweepable = {one for one in self._unsweepable if one[0] != label}
        elif done.swept:
            at, swept = self._swept.get(label, (None, frozenset[bytes]()))
            self._swept[label] = (
                done.position.sweep,
                frozenset(done.swept) | (swept if at == done.position.sweep else set()),
            )
        if narrow is None or label not in self._narrow:
            return
        self._clean[label] += 1
        things = done.records + len(done.due) + len(done.swept)
        # a few keys whose time has come do not say that the many records are sound
        if things * 2 > narrow or self._clean[label] >= _CLEAN_CYCLES:
            self._clean.pop(label, None)
            self._narrow[label] = narrow * 2
            if narrow * 2 > self._max_records:
                del self._narrow[label]
                log.info("refused_record_search_ended", partition=label)

    def _take(self, partition: Partition, limit: int, partitions: Sequence[Partition]) -> list[Batch]:
        app, number = partition.application, partition.number
        batches: list[Batch] = []
        count, left = 0, self._share(self._max_bytes, partitions)
        # each input has its share first, so that a flood on one does not hold up the others; then what is left
        for part, first in ((len(app.inputs), True), (1, False)):
            for inp in app.inputs_in_order:
                room, room_bytes = min(max(1, limit // part), limit - count), max(1, left // part)
                if room <= 0 or left <= 0:
                    return batches
                until = None
                if inp.after and (until := self._barriers.until(inp, number)) is None:
                    continue
                place = (inp.topic, number)
                taken = self._fetch_buffer.take(place, room, until=until, max_bytes=room_bytes, at_least_one=first)
                if inp.after:
                    self._barriers.went(inp, number)
                batches += taken
                count += sum(len(batch.records) for batch in taken)
                left -= sum(batch.bytes or 0 for batch in taken)
        return batches

    def _is_time_to_pass(self, partition: Partition, passed: dict[str, int]) -> bool:
        if not passed:
            self._passing.pop(partition.label, None)
            return False
        now = time.monotonic()
        return now - self._passing.setdefault(partition.label, now) >= PASSING_SECONDS

    def _decide(self, item: Work, room: float, until: float) -> Decided:
        """Until `room` bytes are to be written, or `until` by the monotonic clock, but for a few records at least."""
        limit = item.partition.application.max_record_bytes.get(item.partition.application.changelog)
        if limit is None or all(batch.largest * _LARGE_PART < limit for batch in item.batches):
            try:
                context = self._unit(ProcessorContext, item)
                return self._decide_in(context, item, room, until, self._process)
            except (OutputTooLarge, _Fault):
                pass  # once more, so that it is known which record is at fault, and is the only one that suffers
        careful = self._unit(CarefulContext, item)
        return self._decide_in(careful, item, room, until, self._process_carefully)

    @staticmethod
    def _unit(kind: type[U], item: Work) -> U:
        partition = item.partition
        position = partition.checkpoint
        assert position is not None
        return kind(
            partition.application,
            partition.number,
            partition.store,
            revision=item.revision,
            now_ms=item.now_ms,
            unreadable_keys=partition.unreadable,
            positions=position.next,
        )

    def _decide_in(
        self,
        context: U,
        item: Work,
        room: float,
        until: float,
        process: Callable[[Sequence[Record], U, Application], None],
    ) -> Decided:
        partition = item.partition
        app = partition.application
        before = partition.checkpoint
        assert before is not None
        # Known keys first: what a record changes afterwards in this cycle is then never undone with what failed on one.
        # For the same reason a key that the sweep has changed is looked at for its time in the next cycle.
        swept, sweep = _swept(before, item.revision), before.sweep if item.unswept else None
        swept_keys: list[bytes] = []
        if item.sweep:
            swept, sweep, swept_keys = self._sweep(item, context)
        due: list[bytes] = []
        failed: set[bytes] = set()
        overdue = False
        for key in item.due:
            if context.has_changed(key):
                overdue = True
                continue
            if context.bytes > room or len(due) == _DUE_AT_ONCE:
                overdue = True
                break
            due.append(key)
            if not self._look_at(key, item, context, app.processor.on_timer):
                failed.add(key)
                context.schedule(key, item.now_ms + _DUE_AGAIN_MS)  # its next record may take it to be waiting still
        # No record overtakes a time that came before it: while one is left over, records wait for the next cycle.
        decided = [] if overdue else self._process_all(item, context, room, until, process)
        if sweep is None:
            partition.buckets = None
        position = Checkpoint(
            application=self._group_id,
            next={**before.next, **item.passed, **{b.topic: b.end for b in decided}},
            revision=max(before.revision, item.revision),
            swept=swept,
            sweep=sweep,
            clock=item.now_ms,
            topic_ids=before.topic_ids,
            set_back={**before.set_back, **partition.set_back},
        )
        changes = context.changes()
        self._fetch_buffer.give_back(_rest(item.batches, decided) if decided else item.batches)
        return Decided(replace(item, batches=decided), context, position, changes, due, failed, swept_keys)

    def _process_all(
        self,
        item: Work,
        context: U,
        room: float,
        until: float,
        process: Callable[[Sequence[Record], U, Application], None],
    ) -> list[Batch]:
        """The batches as far as they were decided."""
        decided: list[Batch] = []
        app = item.partition.application
        for batch in item.batches:
            records = batch.records
            for start in range(0, len(records), _AT_ONCE):
                if (start or decided) and (context.bytes > room or time.monotonic() > until):
                    context.record_counts[batch.topic] += start
                    return [*decided, split(batch, start)[0]] if start else decided
                process(records[start : start + _AT_ONCE], context, app)
                self._progress()
            context.record_counts[batch.topic] += len(records)
            context.passed(batch.topic, batch.end)
            decided.append(batch)
        return decided

    def _process(self, records: Sequence[Record], context: ProcessorContext, app: Application) -> None:
        process = app.processor.process
        quarantined = self._quarantined
        for record in records:
            context.record = record
            try:
                if (quarantined or type(record) is UnreadableRecord) and self._reject_undecided(record, context):
                    continue
                process(record, context)
            except Rejected as rejected:
                context.reject(record, str(rejected))
            except OutputTooLarge:
                raise
            except Exception as error:
                raise _Fault from error
        context.record = None

    def _process_carefully(self, records: Sequence[Record], context: CarefulContext, app: Application) -> None:
        """Whatever is wrong with a record, the others do not suffer from it, and are not decided again for it."""
        for record in records:
            context.begin(record)
            if self._reject_undecided(record, context):
                continue
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    try:
                        app.processor.process(record, context)
                    except Rejected as rejected:
                        context.reject(record, str(rejected))
                    context.keep()
                    break
                except OutputTooLarge as unfit:
                    self._roll_back(context, app)
                    context.reject(record, unfit.reason)
                    break
                except Exception as error:
                    self._roll_back(context, app)
                    topic, partition, offset = _place(record)
                    log.error(
                        "record_failed",
                        topic=topic,
                        partition=partition,
                        offset=offset,
                        attempt=attempt,
                        exc_info=error,
                    )
                    if attempt == ATTEMPTS:
                        context.reject(record, f"the program failed on it: {type(error).__name__}: {error}")
            self._progress()
        context.record = None

    @staticmethod
    def _roll_back(context: CarefulContext, app: Application) -> None:
        context.roll_back()
        app.processor.rolled_back(context)

    def _reject_undecided(self, record: Record, context: ProcessorContext) -> bool:
        """Reject a record that no decider is asked about, if it is one."""
        place = _place(record)
        reason = self._quarantined.get(place)
        if reason is None:
            if isinstance(record, UnreadableRecord):
                context.reject(record, record.reason)
                return True
            return False
        if place in self._bare:
            record = PlainRecord(*place, record.timestamp, None, None, ())
            reason = f"{reason} (the broker refused the dead letter, too: key, value and headers are left out)"
        context.reject(record, reason)
        self._rejected.add(place)
        return True

    def _sweep(self, item: Work, context: ProcessorContext) -> tuple[int, Sweep | None, list[bytes]]:
        """Walk on over the known keys for SWEEP_SECONDS; returns the position's new `swept` and `sweep`, and the keys
        if they are few.
        """
        partition = item.partition
        before = partition.checkpoint
        assert before is not None
        swept = _swept(before, item.revision)
        # newer rules begin again at bucket 0, and cover whatever came after `swept`
        bucket = before.sweep.bucket if before.sweep is not None and before.sweep.revision == item.revision else 0
        if bucket == 0:
            partition.buckets = None
        app = partition.application

        def sweep(key: bytes, context: ProcessorContext) -> None:
            app.processor.sweep(key, context, swept)

        looked_at: list[bytes] = []
        until = time.monotonic() + SWEEP_SECONDS
        while bucket < BUCKETS:
            keys = self._unswept(partition, Sweep(item.revision, bucket))
            if item.narrow is not None:
                looked_at = keys[: item.narrow]
                for key in looked_at:
                    self._look_at(key, item, context, sweep)
                bucket += len(looked_at) == len(keys)
                if looked_at:
                    break
                continue
            for key in self._prefilter(keys, item, context, swept):
                self._look_at(key, item, context, sweep)
            bucket += 1
            if time.monotonic() >= until:
                break
        self._hook(FaultPoint.SWEEP_CHUNK)
        if bucket >= BUCKETS:
            log.info("known_keys_swept", partition=partition.label, keys=len(partition.store), revision=item.revision)
            return item.revision, None, looked_at
        return swept, Sweep(item.revision, bucket), looked_at

    def _unswept(self, partition: Partition, at: Sweep) -> list[bytes]:
        """The keys of a bucket without those that are done, or cannot be."""
        keys = partition.keys_in(at.bucket)
        if not self._swept and not self._unsweepable:
            return keys
        done_at, done = self._swept.get(partition.label, (None, frozenset[bytes]()))
        return [
            key
            for key in keys
            if (partition.label, key) not in self._unsweepable and not (done_at == at and key in done)
        ]

    @staticmethod
    def _prefilter(keys: Sequence[bytes], item: Work, context: ProcessorContext, swept: int) -> Sequence[bytes]:
        """The keys that want more than a glance."""
        partition, app = item.partition, item.partition.application
        if partition.unreadable or not partition.inspected:
            # no state of ours, or somebody else's: its lead is swept where it belongs
            keys = [
                key
                for key in keys
                if key not in partition.unreadable
                and (partition.inspected or app.home_elsewhere(key, partition.number) is None)
            ]
        try:
            return app.processor.prefilter(keys, context, swept)
        except Exception as error:  # then one by one, and what is wrong with one does not concern the others
            log.error("glance_failed", partition=partition.label, exc_info=error)
            return keys

    @staticmethod
    def _look_at(
        key: bytes, item: Work, context: ProcessorContext, look: Callable[[bytes, ProcessorContext], None]
    ) -> bool:
        """Decide about a known key. If that fails its next record decides: it must not hold up all others for ever."""
        mark = context.mark()
        try:
            look(key, context)
            context.check_state(key)
            return True
        except (Rejected, OutputTooLarge) as reason:
            log.error("key_not_decided", partition=item.partition.label, key=_shown(key), reason=str(reason))
        except Exception as error:  # whatever is wrong with one key, the others go on
            log.error("key_not_decided", partition=item.partition.label, key=_shown(key), exc_info=error)
        context.undo(key, mark)
        item.partition.application.processor.rolled_back(context)
        return False


def messages(decided: Decided) -> list[Change]:
    """The changelog records of one partition, its position last."""
    return [*decided.changes, {"key": CHECKPOINT_KEY, "value": positions.encode(decided.position)}]


def outputs(decided: Sequence[Decided]) -> list[Output]:
    """Everything that goes to other topics than the changelog."""
    return [output for d in decided for output in (*d.context.outputs, *d.context.dead_letter_records())]


def offsets(decided: Sequence[Decided]) -> list[TopicPartition]:
    """An explicit offset for every input of every touched partition, moved or not: with none, nobody is fenced. Its
    metadata says in which topic the state is that it belongs to.
    """
    return [
        TopicPartition(topic, d.work.partition.number, d.position.next[topic], d.work.partition.application.changelog)
        for d in decided
        for topic in d.work.partition.application.topics
    ]


def reached(decided: Sequence[Decided]) -> dict[tuple[str, int], int]:
    """Where the inputs of every touched partition stand once it is committed."""
    return {(tp.topic, tp.partition): tp.offset for tp in offsets(decided)}


def _swept(position: Checkpoint, revision: int) -> int:
    return revision if position.swept == positions.NEVER_SWEPT else position.swept


def _rest(batches: Sequence[Batch], decided: Sequence[Batch]) -> list[Batch]:
    """What is left of batches of which the first were decided, the last of those perhaps in part."""
    rest = list(batches[len(decided) :])
    last, whole = decided[-1], batches[len(decided) - 1]
    return rest if last is whole else [split(whole, len(last.records))[1], *rest]


def _shown(key: bytes) -> str:
    return key.decode(errors="backslashreplace")


def _place(record: Record) -> Place:
    return (record.topic, record.partition, record.offset)
