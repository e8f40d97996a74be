"""The engine: owns the partitions of this worker, opens them, and runs one cycle after the other over all that are
open.

Threads: the consumer's (assignments, fetches, seeks), Faust's event loop (agents, health), the opening thread and the
cycle's thread. Whatever cannot be put right from inside ends in `failed`, which must end the process: aiokafka's
heartbeats go on by themselves and would hold the partitions for ever.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine import batch_processor as cycles
from lead_qualifier.engine.application import Application
from lead_qualifier.engine.assignment import Assignment, assignment
from lead_qualifier.engine.batch_processor import BatchProcessor
from lead_qualifier.engine.clock import DEFAULT_TOLERANCE_SECONDS, Clock, Stamp
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint, no_fault_hook
from lead_qualifier.engine.fetch_buffer import FetchBuffer, TopicPartition
from lead_qualifier.engine.group_metadata import Membership, check_encoding
from lead_qualifier.engine.inspection import inspect
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.restoration import Restorer, StaleOwner, StateMismatch, refuse_set_back
from lead_qualifier.engine.timers import Timers
from lead_qualifier.engine.transaction import Aborted, OutcomeUnknown, TransactionalProducer
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.errors import NotAllowed, is_forbidden
from lead_qualifier.kafka.raw import RawReader

log = structlog.get_logger(__name__)

_IDLE_SECONDS = 0.5
_HELD_SECONDS = 0.01
_INSPECTION_PAUSE = 0.003
_MAX_BACKOFF = 5.0
_SEARCH_BACKOFF = 0.05
#: How often (seconds) it is looked whether a topic was deleted and created again under a running worker.
_CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the engine takes on at once."""

    #: Of these in one transaction: under load the more, the fewer states are written, each lead's only once.
    cycle_records: int = 50_000
    queued_records: int = 100_000
    #: Of inputs, and of states and outputs, in one transaction: the broker ends one that takes longer than ten seconds.
    cycle_bytes: int = 64 * 1024 * 1024
    queued_bytes: int = 256 * 1024 * 1024
    #: Without progress for so long (seconds) although there is something to do, the process exits.
    stall_seconds: float = 120.0
    #: How long a rebalance waits for the running transaction; must be well below the group's rebalance timeout.
    revocation_seconds: float = 15.0
    transaction_seconds: float = 30.0
    #: How far (seconds) the time by which a partition is decided may be ahead of what records get at the broker.
    clock_seconds: float = DEFAULT_TOLERANCE_SECONDS


DEFAULT_LIMITS = Limits()


class Observer(Protocol):
    """What the engine tells about its work; called from the cycle's thread."""

    def cycle(
        self,
        contexts: Sequence[tuple[Application, ProcessorContext]],
        *,
        decide_seconds: float,
        transaction_seconds: float,
    ) -> None:
        """A cycle has been committed."""

    def aborted(self, reason: str) -> None:
        """A transaction was aborted, or its outcome is unknown."""


class _Unobserved:
    def cycle(
        self,
        contexts: Sequence[tuple[Application, ProcessorContext]],
        *,
        decide_seconds: float,
        transaction_seconds: float,
    ) -> None: ...

    def aborted(self, reason: str) -> None: ...


class Engine:
    """Runs applications exactly once on the partitions that a consumer group gives to this worker."""

    def __init__(
        self,
        applications: Sequence[Application],
        *,
        group_id: str,
        client_config: Mapping[str, Any],
        producer_config: Mapping[str, Any],
        failed: Callable[[str], None],
        limits: Limits = DEFAULT_LIMITS,
        observer: Observer | None = None,
        hook: FaultHook = no_fault_hook,
        explain: Callable[[NotAllowed], str] = str,
        raw: RawReader | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`failed` is told why the process must end; `explain` says what a refusal of the broker means; `raw` restores
        what librdkafka cannot decode. `wall`: this machine's clock.
        """
        self._raw = raw
        self.applications = tuple(applications)
        self.group_id = group_id
        self.fetch_buffer = FetchBuffer(max_queued_records=limits.queued_records, max_queued_bytes=limits.queued_bytes)
        self.topics: frozenset[str] = frozenset(t for app in self.applications for t in app.topics)
        #: Topics whose records are shown, in the order in which the consumer fetches them, besides taking Faust's way:
        #: Faust may drop what arrives while its flow is suspended. Called in the consumer's thread with the records and
        #: the position after them.
        self.followers: dict[str, Callable[[Sequence[Any], int], None]] = {}
        self.limits = limits
        self._by_name = {app.name: app for app in self.applications}
        self._client_config = dict(client_config)
        self._failed = failed
        self._explain = explain
        self._observer: Observer = observer or _Unobserved()
        self._hook = hook
        self._producer = TransactionalProducer(
            producer_config,
            transactional_id=f"{group_id}-{uuid.uuid4()}",
            max_record_bytes=max(
                (b for app in self.applications for b in app.max_record_bytes.values()), default=1_000_000
            ),
            hook=hook,
            deadline=limits.transaction_seconds,
        )
        self._lock = threading.Lock()
        self._assignment: Assignment | None = None
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._open: dict[tuple[str, int], Partition] = {}
        self._to_open = threading.Event()
        self._working = threading.Lock()  # held by the cycle from the look at what is open until the results are state
        self._stopping = threading.Event()
        self._progress_at = time.monotonic()
        self._troubled_since: float | None = None  # the first abort after which nothing was committed
        self._trouble = ""  # what the last of these said
        #: Where the transactions since then would have ended: topic partition -> offset.
        self._unsettled: dict[TopicPartition, int] = {}
        self._unassigned_since: float | None = None
        self._threads = [
            threading.Thread(target=self._guard, args=(self._run_cycles,), name="engine-cycle", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_opening,), name="engine-opening", daemon=True),
        ]
        self._rotation = 0
        self._backoff = 0.0
        self._record_faults = 0
        self._clock = Clock(limits.clock_seconds, wall=wall)

    # --- life

    def start(self) -> None:
        """Raises IncompatibleGroupMetadata if this librdkafka would not fence our transactions."""
        check_encoding()
        self._unassigned_since = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the running cycle, decide nothing more, end the threads."""
        self._stopping.set()
        self.fetch_buffer.close()
        self.fetch_buffer.schedule()
        self._to_open.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._hook(FaultPoint.CLOSED)

    # --- the consumer's thread

    def assigned(self, membership: Membership, held: Iterable[TopicPartition]) -> None:
        """A new generation: records what is ours and returns; opening goes on beside."""
        new = assignment(membership, held, self.applications)
        with self._lock:
            self._assignment = new
            self._open = {}
            # those of which a topic is missing are kept: when it is back, they tell whether it is the same
            kept = new.numbers | new.partial
            self._partitions = {place: p for place, p in self._partitions.items() if place in kept}
        self.fetch_buffer.close()
        self._progress_at = time.monotonic()
        self._unassigned_since = None
        self._trouble_is_over()
        log.info(
            "partitions_assigned",
            generation=membership.generation,
            partitions=sorted(f"{name}/{number}" for name, number in new.numbers),
            incomplete=sorted(f"{name}/{number}" for name, number in new.partial),
        )
        self._to_open.set()

    def revoked(self) -> None:
        """A rebalance begins: stop deciding and wait, bounded, for the running transaction. Blocks; call it in a worker
        thread.
        """
        with self._lock:
            self._assignment = None
            self._open = {}
        self._unassigned_since = time.monotonic()
        self.fetch_buffer.close()
        if self._working.acquire(timeout=self.limits.revocation_seconds):
            self._working.release()
        else:
            log.warning("transaction_outlives_assignment", seconds=self.limits.revocation_seconds)

    # --- health

    def problem(self) -> str | None:
        """Why this process must not go on, or None."""
        for thread in self._threads:
            if not thread.is_alive() and not self._stopping.is_set():
                return f"thread {thread.name} has died"
        now, limit = time.monotonic(), self.limits.stall_seconds
        stalled = now - self._progress_at
        if stalled > limit and (self.fetch_buffer.queued or self._waiting()):
            return f"no progress for {stalled:.0f} s although there is work to do"
        troubled = self._troubled_since
        if troubled is not None and now - troubled > limit:
            return (
                f"no transaction was committed for {now - troubled:.0f} s, since one was aborted or of unknown outcome"
                f" ({self._trouble})"
            )
        unassigned = self._unassigned_since
        if unassigned is not None and now - unassigned > limit:
            return f"the consumer group has not settled for {now - unassigned:.0f} s"
        return None

    def set_back(self, place: TopicPartition, stood: int, offset: int) -> None:
        """The consumer was set back although nobody asked it to: its offset is no longer in the topic. What the topic
        holds is no continuation of what was decided, and going on would skip records without a word. The next cycle
        writes that down, for whoever opens the partition next, and ends the process.
        """
        topic, number = place
        log.error("consumer_set_back", topic=topic, partition=number, stood_at=stood, offset=offset)
        for partition in self.open_partitions():
            if partition.number == number and topic in partition.application.topics:
                partition.set_back.setdefault(topic, offset)
        self.fetch_buffer.close([place])
        self.fetch_buffer.schedule()

    def not_allowed(self, *rights: str) -> None:
        """The broker refuses the consumer for want of these rights: without them there is no way on."""
        self._failed(self._explain(NotAllowed(*rights)))

    def cannot_fetch(self, why: str) -> None:
        """The consumer cannot go on."""
        self._failed(f"the consumer cannot go on: {why}")

    def assigned_partitions(self) -> list[tuple[str, int]]:
        """(application, number) of what the group gave to this worker."""
        with self._lock:
            return sorted(self._assignment.numbers) if self._assignment is not None else []

    def incomplete_partitions(self) -> list[tuple[str, int]]:
        """(application, number) of what the group gave to this worker of some topics and not of all."""
        with self._lock:
            return sorted(self._assignment.partial) if self._assignment is not None else []

    def open_partitions(self) -> list[Partition]:
        """What is being decided."""
        with self._lock:
            return [self._open[place] for place in sorted(self._open)]

    def ready(self) -> bool:
        """True if the group has settled and every partition that is ours is open."""
        with self._lock:
            current = self._assignment
            return current is not None and not current.partial and current.numbers == self._open.keys()

    def _waiting(self) -> bool:
        with self._lock:
            current = self._assignment
            return current is not None and (bool(current.partial) or len(self._open) < len(current.numbers))

    def _guard(self, run: Callable[[], None]) -> None:
        try:
            run()
        except StateMismatch as error:
            log.error("partitions_unusable", reason=str(error))
            self._failed(str(error))
        except NotAllowed as error:
            self._failed(self._explain(error))
        except BaseException as error:
            log.exception("engine_thread_died", thread=threading.current_thread().name)
            self._failed(f"{threading.current_thread().name} failed: {type(error).__name__}: {error}")

    # --- opening

    def _run_opening(self) -> None:
        opener: Restorer | None = None
        pause = 0.1
        while True:
            self._inspect_until_called()
            called = self._to_open.wait(_CHECK_SECONDS)
            if self._stopping.is_set():
                return
            if not called:  # nor is anything cleared: it may be set just now
                self._check_topics(opener)
                continue
            self._to_open.clear()
            with self._lock:
                current = self._assignment
                if current is None or current.fenced:
                    continue
                todo = [self._partition(place) for place in sorted(current.numbers) if place not in self._open]
            if not todo:
                continue
            with self._working:
                pass  # a cycle of the former assignment may still be making its results the state of these partitions
            try:
                opener = opener or Restorer(
                    self._client_config,
                    group_id=self.group_id,
                    raw=self._raw,
                    clock_seconds=self.limits.clock_seconds,
                )
                self._hook(FaultPoint.OPEN_BEGUN)
                opener.check_partition_counts(self.applications)
                self._open_all(opener, todo, current)
                pause = 0.1
            except (KafkaException, StaleOwner) as error:
                if isinstance(error, KafkaException) and is_forbidden(error.args[0]):
                    raise NotAllowed(error.args[0].str()) from error
                log.warning("opening_failed", error=str(error), retry_seconds=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _MAX_BACKOFF)
                self._to_open.set()

    def _check_topics(self, opener: Restorer | None) -> None:
        """Nothing is to be opened: see that the topics are still there, and the same."""
        if opener is None:
            return
        with self._lock:
            known = list(self._partitions.values())
            incomplete = self._assignment is not None and bool(self._assignment.partial)
        try:
            opener.check_same_topics(known)
            if incomplete:
                opener.check_partition_counts(self.applications)
        except KafkaException as error:
            log.debug("topics_not_checked", error=error.args[0].str())  # whoever needs the broker says so

    def _inspect_until_called(self) -> None:
        """Look through what was restored, a little at a time, until something is to be opened or all is seen."""
        for partition in [p for p in self.open_partitions() if not p.inspected]:
            for _ in inspect(partition):
                if self._to_open.wait(_INSPECTION_PAUSE):
                    return

    def _partition(self, place: tuple[str, int]) -> Partition:
        partition = self._partitions.get(place)
        if partition is None:
            partition = self._partitions[place] = Partition(self._by_name[place[0]], place[1])
        return partition

    def _open_all(self, opener: Restorer, todo: list[Partition], current: Assignment) -> None:
        begun = time.monotonic()

        def abandoned() -> bool:
            return self._stopping.is_set() or self._assignment is not current or current.fenced

        def ready(partitions: list[Partition]) -> None:
            self._hook(FaultPoint.OPEN_RESTORED)
            found = opener.positions(partitions)
            for partition in partitions:
                partition.timers = Timers(partition.application.processor.timers(partition.store))
            with self._lock:
                if abandoned():
                    return
                for partition, position in zip(partitions, found, strict=True):
                    partition.checkpoint = position
                    partition.buckets = None
                    partition.application.processor.opened(partition.number, partition.store)
                    self._open[partition.application.name, partition.number] = partition
                self.fetch_buffer.open(
                    {
                        (topic, p.number): position.next[topic]
                        for p, position in zip(partitions, found, strict=True)
                        for topic in p.application.topics
                    }
                )
            self._progress_at = time.monotonic()
            self._hook(FaultPoint.OPEN_DONE)
            log.info(
                "partitions_opened",
                partitions=[p.label for p in partitions],
                keys=sum(len(p.store) for p in partitions),
                seconds=round(time.monotonic() - begun, 3),
            )

        opener.restore(todo, ready=ready, abandoned=abandoned)

    def _reopen(self, current: Assignment, *, fenced: bool, unsettled: Mapping[TopicPartition, int]) -> None:
        """After a transaction that was not committed for sure, nothing we hold is known to be right: verify everything
        again.
        """
        with self._lock:
            if self._assignment is not current:
                return
            self._open = {}
            current.fenced = current.fenced or fenced
            self._troubled_since = self._troubled_since or time.monotonic()
            for place, offset in unsettled.items():
                self._unsettled[place] = max(offset, self._unsettled.get(place, 0))
        self.fetch_buffer.close()
        self._to_open.set()

    def _trouble_is_over(self) -> None:
        self._troubled_since = None
        self._unsettled = {}

    def _look_whether_trouble_is_over(self) -> None:
        """With nothing to do and nothing left to decide again, a transaction of unknown outcome was committed after
        all.
        """
        if self._troubled_since is None:
            return
        reached = {
            (topic, partition.number): offset
            for partition in self.open_partitions()
            if partition.checkpoint is not None
            for topic, offset in partition.checkpoint.next.items()
        }
        if all(reached.get(place, offset) >= offset for place, offset in self._unsettled.items()):
            log.info("transactions_settled", since_seconds=round(time.monotonic() - self._troubled_since))
            self._trouble_is_over()

    # --- the cycle

    def _run_cycles(self) -> None:
        admin = Admin(self._client_config)
        decider = BatchProcessor(
            self.fetch_buffer,
            admin,
            group_id=self.group_id,
            max_records=self.limits.cycle_records,
            max_bytes=self.limits.cycle_bytes,
            hook=self._hook,
            progress=self._progressed,
            clock=self._clock,
        )
        look_at = 0.0
        while not self._stopping.is_set():
            with self._working:
                worked = self._cycle(decider)
            if self._backoff:
                self._stopping.wait(self._backoff)
            elif not worked:
                if self.fetch_buffer.queued:
                    time.sleep(_HELD_SECONDS)  # held back: by newer rules elsewhere, or by a topic to be read first
                else:
                    if not self._waiting():
                        self._progress_at = time.monotonic()  # nothing to do is no stall
                        self._look_whether_trouble_is_over()
                    self.fetch_buffer.wait(_IDLE_SECONDS)
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + 1.0
                self._check_gaps()

    def _cycle(self, decider: BatchProcessor) -> bool:
        with self._lock:
            current = self._assignment
            partitions = list(self._open.values())
        if current is None or not partitions:
            return False
        self._rotation = (self._rotation + 1) % len(partitions)
        work = decider.take(partitions[self._rotation :] + partitions[: self._rotation])
        if not work:
            return False
        self._hook(FaultPoint.CYCLE_TAKEN)
        begun = time.monotonic()
        decided = decider.decide(work)
        self._hook(FaultPoint.CYCLE_DECIDED)
        between = time.monotonic()
        changelogs = [
            (d.work.partition.application.changelog, d.work.partition.number, cycles.messages(d)) for d in decided
        ]
        try:
            ends = self._producer.run(
                cycles.outputs(decided),
                changelogs,
                cycles.offsets(decided),
                current.membership,
                lambda stamps: self._wrong_time(decided, stamps),
            )
        except Aborted as aborted:
            self._undone(decider, decided, current, aborted)
            return False
        except OutcomeUnknown as unknown:
            log.warning("transaction_outcome_unknown", reason=str(unknown))
            self._trouble = str(unknown)
            self._observer.aborted("outcome unknown")
            decider.failed()
            self._settle()
            self._reopen(current, fenced=False, unsettled=cycles.reached(decided))
            return False
        for done in decided:
            partition = done.work.partition
            partition.apply(done.changes)
            if done.due:
                partition.timers.done(done.due, done.following())
            partition.timers.add(done.context.timers)
            partition.checkpoint, partition.written_at = done.position, None
            partition.copied_to = ends[partition.application.changelog, partition.number]
            partition.verified_at = time.time()
            refuse_set_back(partition, done.position)
        self._hook(FaultPoint.CYCLE_APPLIED)
        decider.settled(decided)
        self._backoff = 0.0
        self._record_faults = 0
        self._progress_at = time.monotonic()
        self._trouble_is_over()
        for done in decided:
            done.work.partition.application.processor.committed(done.context)
        self._observer.cycle(
            [(d.work.partition.application, d.context) for d in decided],
            decide_seconds=between - begun,
            transaction_seconds=self._progress_at - between,
        )
        return True

    def _undone(
        self, decider: BatchProcessor, decided: Sequence[cycles.Decided], current: Assignment, aborted: Aborted
    ) -> None:
        self._observer.aborted(str(aborted))
        self._record_faults = self._record_faults + 1 if aborted.record_fault else 0
        self._trouble = str(aborted)
        log.warning("transaction_aborted", reason=str(aborted), fenced=aborted.fenced)
        if aborted.record_fault:
            decider.refused(decided, str(aborted), again=self._record_faults >= cycles.ATTEMPTS)
        elif not aborted.fenced:
            decider.failed()
        if aborted.fenced:
            self._backoff = 0.0
        elif self._record_faults > cycles.ATTEMPTS:
            self._backoff = _SEARCH_BACKOFF
        else:
            self._backoff = min(max(0.1, self._backoff * 2), _MAX_BACKOFF)
        self._reopen(current, fenced=aborted.fenced, unsettled=cycles.reached(decided))

    def _wrong_time(self, decided: Sequence[cycles.Decided], stamps: Mapping[tuple[str, int], Stamp]) -> str | None:
        """Why none of it may be committed: no partition's clock may run away from the broker's time."""
        for done in decided:
            partition = done.work.partition
            stamp = stamps.get((partition.application.changelog, partition.number))
            if stamp is None:
                continue
            self._clock.learn(stamp)
            before = partition.checkpoint.clock if partition.checkpoint is not None else 0
            if self._clock.contradicts(done.position.clock, before, stamp):
                seconds = round((done.position.clock - stamp.at_ms) / 1000)
                return (
                    f"{partition.label} was decided {seconds} s ahead of the time that its position got at the broker"
                )
        return None

    def _progressed(self) -> None:
        self._progress_at = time.monotonic()

    def _settle(self) -> None:
        """Let a new producer with the same id settle the transaction whose outcome is unknown, however long the broker
        takes.
        """
        pause = 0.1
        while not self._stopping.is_set():
            try:
                self._producer.prepare()
                return
            except KafkaException as error:
                if is_forbidden(error.args[0]):
                    raise NotAllowed(error.args[0].str()) from error
                log.warning("producer_not_ready", error=error.args[0].str(), retry_seconds=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _MAX_BACKOFF)

    def _check_gaps(self) -> None:
        if not self.fetch_buffer.gaps():
            return
        with self._lock:
            current = self._assignment
        if current is not None:
            gaps = self.fetch_buffer.gaps()
            log.warning("positions_not_reachable", partitions=gaps)
            ends = {place: at[1] + 1 for place in gaps if (at := self.fetch_buffer.next_offset(place)) is not None}
            self._reopen(current, fenced=False, unsettled=ends)
