"""The cycle: take what is pending, decide it on overlays, write everything in one transaction, then make the overlays
the state.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from app.engine import position as positions
from app.engine.application import Application, Record, Rejected, UnreadableRecord
from app.engine.gates import Gates
from app.engine.intake import Batch, Intake
from app.engine.partition import Change, Partition
from app.engine.partitioning import BUCKETS
from app.engine.position import POSITION_KEY, Position, Sweep
from app.engine.steps import Hook, Step
from app.engine.unit import TooLarge, Unfit, Unit
from app.records import Output

log = structlog.get_logger(__name__)

#: How often a record may make its cycle fail before it becomes a dead letter.
ATTEMPTS = 3
#: Keys whose time has come that one cycle looks at in each partition.
_DUE_AT_ONCE = 2_000
#: A key that could not be decided when its time had come is looked at again so much later (milliseconds).
_DUE_AGAIN_MS = 60_000
#: How long one cycle may walk over known keys (seconds), in one partition, the next cycle in another. Live records wait
#: no longer than that for a sweep; much shorter, and the sweep would mostly wait for its transactions.
SWEEP_SECONDS = 0.018
#: A position that only has to move past what is no record waits so long (seconds) for a cycle that has more to do.
PASSING_SECONDS = 1.0

Place = tuple[str, int, int]


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


@dataclass(slots=True)
class Decided:
    """What it did: to be written, and then to become the state."""

    unit: Unit
    position: Position
    changes: list[Change]
    #: Keys that were looked at because their time had come.
    due: list[bytes]


class _Fault(Exception):
    """A decider raised something other than Rejected."""

    def __init__(self, record: Record, error: Exception) -> None:
        super().__init__(str(error))
        self.record = record
        self.error = error


class Decider:
    """Turns pending records into results. Knows no transaction; one per engine, used by the cycle's thread only."""

    def __init__(self, intake: Intake, admin: AdminClient, *, group_id: str, max_records: int, hook: Hook) -> None:
        self._intake = intake
        self._gates = Gates(intake, admin)
        self._group_id = group_id
        self._max_records = max_records
        self._hook = hook
        self._poisoned: dict[Place, str] = {}
        self._rejected: set[Place] = set()  # the poisoned ones that this cycle has made dead letters
        self._hunting = False
        self._passing: dict[str, float] = {}  # partition -> when its position was first seen to have to move so
        #: Records at most in one cycle; lowered while a record is looked for whose results the broker refuses.
        self.limit = max_records

    def take(self, partitions: Sequence[Partition]) -> list[Work]:
        """Everything that can be decided now, each partition up to its share of the limit."""
        revisions: dict[str, int] = {}
        work: list[Work] = []
        sweeping = False
        share = max(1, self.limit // max(1, len(partitions)))
        self._gates.prepare((partition.application, partition.number) for partition in partitions)
        for partition in partitions:
            app = partition.application
            revision = revisions.get(app.name)
            if revision is None:
                revision = revisions[app.name] = app.processor.begin()
            position = partition.position
            assert position is not None  # open partitions have one
            if position.revision > revision:
                # the rules are not known yet, or another worker decided by newer ones: wait until our table has them
                continue
            passed = self._intake.passed(partition.number, position.next)
            batches = self._take(partition, share)
            unswept = app.processor.sweep_pending(_swept(position, revision))
            sweep = unswept and not sweeping
            sweeping = sweeping or unswept
            now_ms = max(int(time.time() * 1000), position.clock)
            due = partition.timers.due(now_ms, _DUE_AT_ONCE) if partition.has_caught_up() else []
            if batches or sweep or due or self._is_time_to_pass(partition, passed):
                work.append(Work(partition, batches, revision, unswept, sweep, due, now_ms, passed))
            if self.limit == 1 and work:
                break
        return work

    def decide(self, work: Sequence[Work]) -> list[Decided]:
        """Decide all of it. A record that keeps failing, or whose results cannot be written, becomes a dead letter."""
        failures: Counter[Place] = Counter()
        self._rejected.clear()
        while True:
            try:
                return [self._decide(item) for item in work]
            except Unfit as unfit:
                self.poison(unfit.record, unfit.reason)
            except _Fault as fault:
                place = _place(fault.record)
                failures[place] += 1
                log.error(
                    "record_failed",
                    topic=place[0],
                    partition=place[1],
                    offset=place[2],
                    attempt=failures[place],
                    exc_info=fault.error,
                )
                if failures[place] >= ATTEMPTS:
                    self.poison(fault.record, f"the program failed on it: {type(fault.error).__name__}: {fault.error}")

    def poison(self, record: Record, reason: str) -> None:
        """Make the record a dead letter when it is decided next."""
        self._poisoned[_place(record)] = reason

    def hunt(self) -> None:
        """The broker refuses what follows from some record: from now on one record at a time, until it is found."""
        self._hunting = True
        self.limit = 1

    def settled(self) -> None:
        """The last cycle was committed."""
        if self._rejected:
            self._hunting = False
            for place in self._rejected:
                self._poisoned.pop(place, None)
        if not self._hunting:
            self.limit = min(self._max_records, self.limit * 2)

    def _take(self, partition: Partition, limit: int) -> list[Batch]:
        app, number = partition.application, partition.number
        batches: list[Batch] = []
        # each input has its share first, so that a flood on one does not hold up the others; then what is left
        for share in (max(1, limit // len(app.inputs)), limit):
            for inp in app.inputs_in_order:
                room = min(share, limit - sum(len(b.records) for b in batches))
                if room <= 0:
                    return batches
                if not inp.after:
                    batches += self._intake.take((inp.topic, number), room)
                elif (until := self._gates.until(inp, number)) is not None:
                    batches += self._intake.take((inp.topic, number), room, until=until)
                    self._gates.went(inp, number)
        return batches

    def _is_time_to_pass(self, partition: Partition, passed: dict[str, int]) -> bool:
        if not passed:
            self._passing.pop(partition.label, None)
            return False
        now = time.monotonic()
        return now - self._passing.setdefault(partition.label, now) >= PASSING_SECONDS

    def _decide(self, item: Work) -> Decided:
        partition = item.partition
        app = partition.application
        before = partition.position
        assert before is not None
        unit = Unit(
            app,
            partition.number,
            partition.entries,
            revision=item.revision,
            now_ms=item.now_ms,
            doubtful=partition.unreadable,
        )
        # Known keys first: what a record changes afterwards in this cycle is then never undone with what failed on one.
        # For the same reason a key that the sweep has changed is looked at for its time in the next cycle.
        swept, sweep = _swept(before, item.revision), before.sweep if item.unswept else None
        if item.sweep:
            swept, sweep = self._sweep(item, unit)
        due = [key for key in item.due if not unit.has_changed(key)]
        for key in due:
            if not self._look_at(key, item, unit, app.processor.due):
                unit.wake(key, item.now_ms + _DUE_AGAIN_MS)  # its next record may take it to be waiting still
        self._process(item.batches, unit, app)
        if sweep is None:
            partition.buckets = None
        position = Position(
            application=self._group_id,
            next={**before.next, **item.passed, **{b.topic: b.end for b in item.batches}},
            revision=max(before.revision, item.revision),
            swept=swept,
            sweep=sweep,
            clock=item.now_ms,
        )
        return Decided(unit, position, unit.changes(), due)

    def _process(self, batches: list[Batch], unit: Unit, app: Application) -> None:
        process = app.processor.process
        poisoned = self._poisoned
        for batch in batches:
            unit.taken[batch.topic] += len(batch.records)
            for record in batch.records:
                unit.record = record
                if type(record) is UnreadableRecord:
                    unit.reject(record, record.reason)
                    continue
                try:
                    if poisoned and (reason := poisoned.get(_place(record))) is not None:
                        unit.reject(record, reason)
                        self._rejected.add(_place(record))
                        continue
                    process(record, unit)
                except Rejected as rejected:
                    unit.reject(record, str(rejected))
                except Unfit:
                    raise
                except Exception as error:
                    raise _Fault(record, error) from error
        unit.record = None

    def _sweep(self, item: Work, unit: Unit) -> tuple[int, Sweep | None]:
        """Walk on over the known keys for SWEEP_SECONDS; returns the position's new `swept` and `sweep`."""
        partition = item.partition
        before = partition.position
        assert before is not None
        swept = _swept(before, item.revision)
        # newer rules begin again at bucket 0, and cover whatever came after `swept`
        bucket = before.sweep.bucket if before.sweep is not None and before.sweep.revision == item.revision else 0
        if bucket == 0:
            partition.buckets = None
        app = partition.application

        def sweep(key: bytes, unit: Unit) -> None:
            app.processor.sweep(key, unit, swept)

        until = time.monotonic() + SWEEP_SECONDS
        while bucket < BUCKETS:
            for key in self._glance(partition.keys_in(bucket), item, unit, swept):
                self._look_at(key, item, unit, sweep)
            bucket += 1
            if time.monotonic() >= until:
                break
        self._hook(Step.SWEEP_CHUNK)
        if bucket >= BUCKETS:
            log.info("known_keys_swept", partition=partition.label, keys=len(partition.entries), revision=item.revision)
            return item.revision, None
        return swept, Sweep(item.revision, bucket)

    @staticmethod
    def _glance(keys: Sequence[bytes], item: Work, unit: Unit, swept: int) -> Sequence[bytes]:
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
            return app.processor.glance(keys, unit, swept)
        except Exception as error:  # then one by one, and what is wrong with one does not concern the others
            log.error("glance_failed", partition=partition.label, exc_info=error)
            return keys

    @staticmethod
    def _look_at(key: bytes, item: Work, unit: Unit, look: Callable[[bytes, Unit], None]) -> bool:
        """Decide about a known key. If that fails its next record decides: it must not hold up all others for ever."""
        mark = unit.mark()
        try:
            look(key, unit)
            unit.check_state(key)
            return True
        except (Rejected, TooLarge) as reason:
            unit.undo(key, mark)
            log.error("key_not_decided", partition=item.partition.label, reason=str(reason))
        except Exception as error:  # whatever is wrong with one key, the others go on
            unit.undo(key, mark)
            log.error("key_not_decided", partition=item.partition.label, exc_info=error)
        return False


def messages(decided: Decided) -> list[Change]:
    """The changelog records of one partition, its position last."""
    return [*decided.changes, {"key": POSITION_KEY, "value": positions.encode(decided.position)}]


def outputs(decided: Sequence[Decided]) -> list[Output]:
    """Everything that goes to other topics than the changelog."""
    return [output for d in decided for output in (*d.unit.outputs, *d.unit.dead_letter_records())]


def offsets(work: Sequence[Work], decided: Sequence[Decided]) -> list[TopicPartition]:
    """An explicit offset for every input of every touched partition, moved or not: with none, nobody is fenced."""
    return [
        TopicPartition(topic, w.partition.number, d.position.next[topic])
        for w, d in zip(work, decided, strict=True)
        for topic in w.partition.application.topics
    ]


def _swept(position: Position, revision: int) -> int:
    return revision if position.swept == positions.NEVER_SWEPT else position.swept


def _place(record: Record) -> Place:
    return (record.topic, record.partition, record.offset)
