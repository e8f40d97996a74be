"""The engine: owns the partitions of this worker, restores them, and runs one cycle after the other over those that are
open.

Threads: the consumer's (assignments, fetches, seeks), Faust's event loop (agents, health), the restoring thread and the
cycle's. Whatever cannot be repaired from inside ends in `failed`, which must end the process: aiokafka's heartbeats go
on by themselves and would hold the partitions for ever.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence

import structlog

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.clock import Clock
from lead_qualifier.engine.cycle import Cycle
from lead_qualifier.engine.errors import Code, Report, StateMismatch
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint, no_fault_hook
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.group_metadata import Membership, check_encoding
from lead_qualifier.engine.input_barriers import InputBarriers
from lead_qualifier.engine.limits import DEFAULT_LIMITS, Limits
from lead_qualifier.engine.observer import Observer
from lead_qualifier.engine.ownership import Ownership, partition_assignment
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import AppPartition, TopicPartition
from lead_qualifier.engine.progress import Progress
from lead_qualifier.engine.restoration import Restorer
from lead_qualifier.engine.restoration_loop import RestorationLoop
from lead_qualifier.engine.state_verification import StateVerifier, log_report
from lead_qualifier.engine.transaction import TransactionalProducer
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed

log = structlog.get_logger(__name__)

_DEFAULT_RECORD_BYTES = 1_000_000


class Engine:
    """Runs applications exactly once on the partitions that a consumer group gives to this worker."""

    def __init__(
        self,
        applications: Sequence[Application],
        *,
        group_id: str,
        connection: Connection,
        failed: Callable[[Report | NotAllowed], None],
        warn: Callable[[Report], None] = log_report,
        limits: Limits = DEFAULT_LIMITS,
        observer: Observer | None = None,
        hook: FaultHook = no_fault_hook,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`failed` is called with the reason why the process must end, `warn` with reports for operators. `wall`: this
        machine's clock.
        """
        self.applications = tuple(applications)
        self.group_id = group_id
        self.fetch_buffer = FetchBuffer(max_queued_records=limits.queued_records, max_queued_bytes=limits.queued_bytes)
        self.topics: frozenset[str] = frozenset(t for app in self.applications for t in app.topics)
        self.limits = limits
        self._failed = failed
        self._hook = hook
        self._observer = observer or Observer()
        self._ownership = Ownership(self.applications, self.fetch_buffer)
        self._progress = Progress(limits.stall_seconds)
        self._clock = Clock(limits.clock_seconds, wall=wall)
        self._stopping = threading.Event()
        producer = TransactionalProducer(
            connection.confluent_producer(),
            transactional_id=f"{group_id}-{uuid.uuid4()}",
            max_record_bytes=max(
                (b for app in self.applications for b in app.max_record_bytes.values()), default=_DEFAULT_RECORD_BYTES
            ),
            hook=hook,
            deadline=limits.transaction_seconds,
        )
        restoration = RestorationLoop(
            self.applications,
            self._ownership,
            self._progress,
            Restorer(connection),
            StateVerifier(connection.confluent(), group_id=group_id, clock_seconds=limits.clock_seconds, warn=warn),
            observer=self._observer,
            hook=hook,
            stopping=self._stopping,
        )
        cycle = Cycle(
            self._ownership,
            self.fetch_buffer,
            InputBarriers(self.fetch_buffer, Admin(connection.confluent())),
            producer,
            limits=limits,
            group_id=group_id,
            clock=self._clock,
            progress=self._progress,
            observer=self._observer,
            hook=hook,
            stopping=self._stopping,
        )
        self._threads = [
            threading.Thread(target=self._guard, args=(cycle.repeat,), name="engine-cycle", daemon=True),
            threading.Thread(target=self._guard, args=(restoration.run,), name="engine-restoration", daemon=True),
        ]

    # --- life

    def start(self) -> None:
        """Raises IncompatibleGroupMetadata if this librdkafka would not fence our transactions."""
        check_encoding()
        self._progress.unassigned()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the running cycle, process nothing more, end the threads."""
        self._stopping.set()
        self.fetch_buffer.close()
        self.fetch_buffer.wake()
        self._ownership.restore_wanted.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._hook(FaultPoint.CLOSED)

    # --- the consumer's thread

    def assigned(self, membership: Membership, held: Iterable[TopicPartition]) -> None:
        """A new generation of the group: notes the assigned partitions and returns; the restoring thread continues."""
        new = partition_assignment(membership, held, self.applications)
        self._ownership.assign(new)
        self._progress.assigned()
        log.info(
            "partitions_assigned",
            generation=membership.generation,
            partitions=sorted(f"{name}/{number}" for name, number in new.numbers),
            incomplete=sorted(f"{name}/{number}" for name, number in new.partial),
        )
        self._ownership.restore_wanted.set()
        self._observer.rebalanced()

    def revoked(self) -> None:
        """A rebalance begins: stop processing and wait, for a limited time, for the running transaction. Blocks; call
        it in a worker thread.
        """
        self._ownership.revoke()
        self._progress.unassigned()
        if self._ownership.cycle.acquire(timeout=self.limits.revocation_seconds):
            self._ownership.cycle.release()
        else:
            log.warning("transaction_outlives_assignment", seconds=self.limits.revocation_seconds)

    def set_back(self, tp: TopicPartition, stood: int, offset: int) -> None:
        """The consumer was set back without a seek of ours: its offset is no longer in the topic. What the topic holds
        does not continue what was processed, and going on would skip records silently. The next cycle records
        this for the partition's next owner, and ends the process.
        """
        topic, number = tp
        log.error("consumer_set_back", topic=topic, partition=number, stood_at=stood, offset=offset)
        for partition in self.open_partitions():
            if partition.number == number and topic in partition.application.topics:
                partition.set_back.setdefault(topic, offset)
        self.fetch_buffer.close([tp])
        self.fetch_buffer.wake()

    def not_allowed(self, *rights: str) -> None:
        """The broker refuses the consumer, which lacks these rights and cannot continue without them."""
        self._failed(NotAllowed(*rights))

    def cannot_fetch(self, error: str) -> None:
        """The consumer cannot continue."""
        self._failed(Report(Code.CONSUMER_FAILED, {"error": error}))

    # --- health

    def problem(self) -> Report | None:
        """Why this process must end, or None."""
        for thread in self._threads:
            if not thread.is_alive() and not self._stopping.is_set():
                return Report(Code.THREAD_DIED, {"thread": thread.name})
        return self._progress.problem(has_work=bool(self.fetch_buffer.queued) or self._ownership.waiting())

    def assigned_partitions(self) -> list[AppPartition]:
        """The partitions that the group has given to this worker."""
        return self._ownership.assigned()

    def incomplete_partitions(self) -> list[AppPartition]:
        """The partitions that the group has given to this worker in some topics, but not in all."""
        return self._ownership.incomplete()

    def open_partitions(self) -> list[Partition]:
        """The partitions that are being processed."""
        return self._ownership.open_partitions()

    def restoring_partitions(self) -> list[Partition]:
        """The partitions whose changelog is being read."""
        return [partition for partition in self._ownership.held_partitions() if partition.restoration is not None]

    def ready(self) -> bool:
        """True if the group has settled and every assigned partition is open."""
        return self._ownership.ready()

    def clock_difference(self) -> float | None:
        """This machine's clock minus the broker's, in seconds, when it last committed; None before."""
        return self._clock.difference_seconds

    # --- threads

    def _guard(self, run: Callable[[], None]) -> None:
        thread = threading.current_thread().name
        try:
            run()
        except StateMismatch as error:
            log.error("partitions_unusable", code=error.report.code, **error.report.arguments)
            self._failed(error.report)
        except NotAllowed as error:
            self._failed(error)
        except BaseException as error:
            log.exception("engine_thread_died", thread=thread)
            self._failed(Report(Code.THREAD_FAILED, {"thread": thread, "error": f"{type(error).__name__}: {error}"}))
