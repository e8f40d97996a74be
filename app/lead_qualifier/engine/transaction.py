"""One Kafka transaction per cycle: outputs, state, dead letters, checkpoints and offsets together, or none of them.

The order inside is what makes it safe: produce, flush until every delivery report is in, send the offsets with the
membership that the batches were fetched under, commit. Offsets before the flush would let a frozen worker's records
arrive after its successor opened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import confluent_kafka
import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition

from lead_qualifier.engine.clock import Stamp, stamp_of
from lead_qualifier.engine.errors import Aborted, CallTimeout, OutcomeUnknown
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.group_metadata import Membership
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.engine.repeated_errors import RepeatedErrors
from lead_qualifier.engine.timeouts import CallWithTimeout
from lead_qualifier.kafka.errors import NotAllowed, is_forbidden
from lead_qualifier.kafka.records import Change, Output
from lead_qualifier.kafka.tls_files import TlsFiles

log = structlog.get_logger(__name__)

#: How long a transaction may stay open (milliseconds): a dead worker's successor waits for it at most that long, plus
#: the broker's scan.
TRANSACTION_TIMEOUT_MS = 10_000
#: A report on every record takes the interpreter's lock each time, a hundred thousand times a second. The report on the
#: last record of a changelog partition says as much: an idempotent producer's records arrive in order, and librdkafka
#: commits no transaction of which a record failed. Only a record's own report says why it failed: after an abort, this
#: many transactions ask for the reports on all records.
_CAREFUL_TRANSACTIONS = 100
#: How much longer (seconds) a call may take than its timeout.
_GRACE_SECONDS = 1.0
#: An abort that takes longer (seconds) is left to the next producer's init_transactions, which also fences. librdkafka
#: may wait for its connection to the coordinator for as long as it is allowed to, when a new producer gets one at once.
_ABORT_SECONDS = 5.0
#: How long (seconds) a producer may take that uses replaced TLS files.
_RENEWAL_SECONDS = 5.0
_RECORD_FAULTS = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG}
#: These say that the transaction or the producer has failed, not why.
_FOLLOWS = {KafkaError._STATE, KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}
_FENCED = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
}


class _Retry:
    """Repeats a call while Kafka says it may be repeated, up to a deadline."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.05, self._deadline - time.monotonic())

    def __call__(self, call: Callable[..., Any], *args: Any) -> None:
        pause = 0.02
        while True:
            try:
                call(*args, self.left)
                return
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() >= self._deadline:
                    raise
                time.sleep(min(pause, self.left))
                pause = min(pause * 2, 1.0)


class TransactionalProducer:
    """A librdkafka transactional producer that is replaced, under the same transactional id, when its fate is unknown.

    Used by the cycle's thread only; every call blocks for about `deadline` seconds at most.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        transactional_id: str,
        max_record_bytes: int,
        hook: FaultHook,
        deadline: float = 30.0,
    ) -> None:
        self._config = {
            "linger.ms": 5,
            "queue.buffering.max.messages": 2_000_000,
            "queue.buffering.max.kbytes": 1_048_576,
            # without this, confluent-kafka raises a fatal error out of whatever serves callbacks
            "error_cb": RepeatedErrors("producer_error"),
            **config,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
            "enable.idempotence": True,
            "acks": "all",
            "message.max.bytes": max_record_bytes,
        }
        self._deadline = deadline
        self._hook = hook
        self._tls_files = TlsFiles.of(self._config)
        self._producer: confluent_kafka.Producer | None = None
        self._produced = 0
        self._delivered = 0
        self._failed: KafkaError | None = None
        self._call_with_timeout = CallWithTimeout("send_offsets_to_transaction")
        self._careful = 0  # transactions yet to come in which every record is reported on
        self._ends: dict[TopicPartition, int] = {}
        self._stamps: dict[TopicPartition, Stamp] = {}

    def prepare(self) -> None:
        """Make sure that there is a producer with settled transactions and the current TLS files. No transaction
        may be open. Raises KafkaException if the broker cannot be reached.
        """
        if self._producer is None:
            self._tls_files.changed()  # the first producer uses them as they are now
            self._producer = self._initialised(confluent_kafka.Producer(self._config), self._deadline)
        elif (remade := self._tls_files.remade(lambda: confluent_kafka.Producer(self._config))) is not None:
            try:
                self._producer = self._initialised(remade, _RENEWAL_SECONDS)
            except KafkaException as error:
                # The former producer stays. If the broker knows the new one already, the next transaction is aborted.
                self._tls_files.failed("producer_not_renewed", error)

    @staticmethod
    def _initialised(producer: confluent_kafka.Producer, seconds: float) -> confluent_kafka.Producer:
        """The producer, once its former transactions are settled. Raises KafkaException."""
        _Retry(seconds)(producer.init_transactions)
        return producer

    def discard(self) -> None:
        """Give up the producer: the next one, with the same id, settles what this one left open."""
        self._producer = None

    def run(
        self,
        outputs: Sequence[Output],
        changelogs: Sequence[tuple[str, int, list[Change]]],
        offsets: Sequence[KafkaTopicPartition],
        membership: Membership,
        objection: Callable[[Mapping[TopicPartition, Stamp]], str | None] = lambda stamps: None,
    ) -> dict[TopicPartition, int]:
        """Write everything in one transaction and return, per changelog partition, the offset after our last record.

        `changelogs` holds (topic, partition, messages in order); `offsets` has one explicit offset for each touched
        input partition. `objection` gets the time that the last record of each changelog partition has at the
        broker, and returns why nothing may be committed, or None. Raises Aborted (nothing was written), OutcomeUnknown,
        or NotAllowed (nothing was written, and nothing ever will be without another ACL).
        """
        if not membership.fences:
            raise Aborted("no membership of the consumer group that the broker could check", fenced=True)
        if not offsets:
            raise ValueError("a transaction without offsets would fence nobody")
        try:
            self.prepare()
            producer = self._producer
            assert producer is not None  # prepare() raised otherwise
            producer.begin_transaction()
        except KafkaException as error:
            self.discard()
            self._check_allowed(error.args[0])
            raise Aborted(f"no transaction could be begun: {error.args[0].str()}") from error
        self._hook(FaultPoint.TRANSACTION_BEGUN)
        metadata = membership.encode()

        def send_offsets(left: float) -> None:
            self._send_offsets(producer, offsets, metadata, left)

        try:
            self._produce(producer, outputs, changelogs)
            self._hook(FaultPoint.TRANSACTION_PRODUCED)
            self._flush(producer)
            self._hook(FaultPoint.TRANSACTION_FLUSHED)
            if (reason := objection(self._stamps)) is not None:
                raise _Undelivered(reason, None)
            _Retry(self._deadline)(send_offsets)
            self._hook(FaultPoint.TRANSACTION_OFFSETS)
        except (KafkaException, BufferError, _Undelivered, SystemError) as error:
            self._abort(producer, error, send_offsets)
        except CallTimeout as error:
            self._careful = _CAREFUL_TRANSACTIONS
            self.discard()
            raise Aborted(str(error)) from error
        self._commit(producer)
        self._careful = max(0, self._careful - 1)
        self._hook(FaultPoint.TRANSACTION_COMMITTED)
        return dict(self._ends)

    def _produce(
        self,
        producer: confluent_kafka.Producer,
        outputs: Sequence[Output],
        changelogs: Sequence[tuple[str, int, list[Change]]],
    ) -> None:
        self._produced = self._delivered = 0
        self._failed = None
        self._ends = {}
        self._stamps = {}
        deadline = time.monotonic() + self._deadline
        report = self._on_delivery if self._careful else None
        for output in outputs:
            producer.produce(
                output.topic, output.value, output.key, headers=list(output.headers), on_delivery=self._on_delivery
            )
            self._produced += 1
        for topic, partition, messages in changelogs:
            *waiting, last = messages
            while waiting:
                queued = producer.produce_batch(topic, waiting, partition=partition, on_delivery=report)
                self._produced += queued if report is not None else 0
                if queued == len(waiting):
                    break
                waiting = self._not_queued(producer, waiting, deadline)
            producer.produce(topic, last["value"], last["key"], partition=partition, on_delivery=self._on_last_delivery)
            self._produced += 1

    def _not_queued(self, producer: confluent_kafka.Producer, messages: list[Change], deadline: float) -> list[Change]:
        """The messages that the local queue had no room for, after a moment for it to empty.

        Raises _Undelivered if the queue is not full: nothing can ever be queued in a failed transaction.
        """
        producer.poll(0.05)
        rest = [m for m in messages if "_error" in m]
        error = next((m["_error"] for m in rest if m["_error"].code() != KafkaError._QUEUE_FULL), None)
        cause = self._failed or error
        if cause is not None or time.monotonic() > deadline:
            raise _Undelivered(f"{len(rest)} records could not be queued: {cause.str() if cause else 'no room'}", cause)
        return [{name: part for name, part in m.items() if name != "_error"} for m in rest]

    def _on_delivery(self, error: KafkaError | None, _message: Any) -> None:
        if error is None:
            self._delivered += 1
        elif self._failed is None or self._failed.code() in _FOLLOWS or error.code() in _RECORD_FAULTS:
            self._failed = error  # the cause; what is purged because of it only follows

    def _on_last_delivery(self, error: KafkaError | None, message: Any) -> None:
        self._on_delivery(error, message)
        if error is None:
            tp = message.topic(), message.partition()
            self._ends[tp] = message.offset() + 1
            if (stamp := stamp_of(message.timestamp())) is not None:
                self._stamps[tp] = stamp

    def _flush(self, producer: confluent_kafka.Producer) -> None:
        deadline = time.monotonic() + self._deadline
        while producer.flush(1.0):
            if self._failed is not None or time.monotonic() > deadline:
                break
        if self._failed is not None:
            raise _Undelivered(f"a record was not delivered: {self._failed.str()}", self._failed)
        if self._delivered != self._produced:
            raise _Undelivered(f"{self._delivered} of {self._produced} records were delivered in time", None)

    def _send_offsets(
        self, producer: confluent_kafka.Producer, offsets: Sequence[KafkaTopicPartition], metadata: Any, left: float
    ) -> None:
        # librdkafka (2.16; its issues 5456 and 5511) ignores this call's timeout, and after a restart of the group's
        # coordinator waits for ever for a connection that it has given up. After ten seconds there is nothing to wait
        # for: the broker has ended the transaction.
        seconds = min(left, TRANSACTION_TIMEOUT_MS / 1000)
        self._call_with_timeout(
            lambda: producer.send_offsets_to_transaction(list(offsets), metadata, seconds), seconds + _GRACE_SECONDS
        )

    def _abort(
        self,
        producer: confluent_kafka.Producer,
        error: BaseException,
        touch: Callable[[float], None] = lambda left: None,
    ) -> None:
        """Abort, and raise what it means. `touch` uses the transaction: a failed one then says why it failed."""
        kafka_error = error.args[0] if isinstance(error, KafkaException) else None
        cause = error.cause if isinstance(error, _Undelivered) else kafka_error
        self._careful = _CAREFUL_TRANSACTIONS
        self._serve_reports(producer)
        if self._failed is not None and (cause is None or cause.code() in _FOLLOWS):
            cause = self._failed  # what the call says only follows from what happened to a record before
        if cause is not None and cause.code() in _FOLLOWS:
            try:
                touch(1.0)
            except KafkaException as failure:
                cause = failure.args[0]
            except (SystemError, CallTimeout) as failure:
                log.warning("transaction_unexplained", error=str(failure))
        fenced = cause is not None and cause.code() in _FENCED
        record_fault = cause is not None and cause.code() in _RECORD_FAULTS
        reason = str(error) if kafka_error is None else kafka_error.str()
        if cause is not None and cause.str() not in reason:
            reason = f"{cause.str()} ({reason})"
        if cause is not None and cause.code() == KafkaError.INVALID_TIMESTAMP:
            reason = f"{reason}: the clock of this machine and the broker's are too far apart, set them right"
        try:
            if kafka_error is not None and kafka_error.fatal():
                raise KafkaException(kafka_error)
            _Retry(_ABORT_SECONDS)(producer.abort_transaction)
        except (KafkaException, SystemError):
            # the broker's timeout or the next producer's init_transactions ends it
            self.discard()
        if cause is not None:
            self._check_allowed(cause)
        raise Aborted(reason, fenced=fenced, record_fault=record_fault) from error

    def _check_allowed(self, cause: KafkaError) -> None:
        if not is_forbidden(cause):
            return
        if cause.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            raise NotAllowed(f"Write on transactional-id {self._config['transactional.id']}")
        raise NotAllowed(cause.str())

    @staticmethod
    def _serve_reports(producer: confluent_kafka.Producer) -> None:
        try:
            producer.poll(0)
        except (KafkaException, SystemError) as error:
            log.warning("delivery_reports_unread", error=str(error))

    def _commit(self, producer: confluent_kafka.Producer) -> None:
        try:
            _Retry(self._deadline)(producer.commit_transaction)
        except KafkaException as error:
            kafka_error = error.args[0]
            if kafka_error.txn_requires_abort():
                self._abort(producer, error)
            self.discard()
            raise OutcomeUnknown(kafka_error.str()) from error
        except SystemError as error:
            self.discard()
            raise OutcomeUnknown(str(error)) from error


class _Undelivered(Exception):
    """Some record has no successful delivery report."""

    def __init__(self, reason: str, cause: KafkaError | None) -> None:
        super().__init__(reason)
        self.cause = cause
