"""What the engine raises, and what it reports: codes with arguments, which the program around it makes sentences of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from typing_extensions import override

from lead_qualifier.kafka.records import Record


class Code(StrEnum):
    """What is wrong. Each line names the details that come with it."""

    # the topics do not fit the state
    TOPIC_MISSING = "topic_missing"  # topic
    PARTITION_COUNT = "partition_count"  # topic, found, expected, topics
    OTHER_APPLICATION = "other_application"  # changelog, partition, owner, group
    INPUT_RECREATED = "input_recreated"  # topic, known_id, found_id, changelog, partition, offset
    STATE_RECREATED = "state_recreated"  # topic, known_id, found_id
    INPUT_TRUNCATED = "input_truncated"  # topic, partition, first, end, offset
    RECORDS_EXPIRED = "records_expired"  # topic, partition, first, end, offset
    CONSUMER_SET_BACK = "consumer_set_back"  # topic, partition, changelog, offset, set_back_to
    STATE_LOST = "state_lost"  # changelog, partition, group, read
    CHECKPOINT_UNREADABLE = "checkpoint_unreadable"  # changelog, partition, offset, reason
    CHECKPOINT_CLOCK_AHEAD = "checkpoint_clock_ahead"  # partition, seconds
    # the engine does not get on
    THREAD_DIED = "thread_died"  # thread
    THREAD_FAILED = "thread_failed"  # thread, error
    STALLED = "stalled"  # seconds
    NO_COMMIT = "no_commit"  # seconds, reason
    GROUP_UNSETTLED = "group_unsettled"  # seconds
    CONSUMER_FAILED = "consumer_failed"  # error
    FETCH_TASK_ENDED = "fetch_task_ended"  # task
    FETCH_SILENT = "fetch_silent"  # seconds
    FETCH_STUCK = "fetch_stuck"  # topic, partition, offset, seconds


@dataclass(frozen=True, slots=True)
class Report:
    """A code and its arguments."""

    code: Code
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        return f"{self.code}: {', '.join(f'{name}={value}' for name, value in self.arguments.items())}"


class EngineError(Exception):
    """Base class of the engine's exceptions."""


class DeadLetterClass(StrEnum):
    """Why a record became a dead letter, in few classes. A processor may have others of its own for `Rejected`."""

    UNDECODABLE = "undecodable"
    """No client can read the bytes of the record or of its batch."""
    INVALID = "invalid"
    """The processor rejects what the record says."""
    WRONG_PARTITION = "wrong_partition"
    """The producer's partitioner is not murmur2."""
    UNREADABLE_STATE = "unreadable_state"
    """What is stored for the record's key cannot be read."""
    TOO_LARGE = "too_large"
    """What follows from the record is larger than a topic takes."""
    REFUSED = "refused"
    """The broker refuses what follows from the record."""
    FAILED = "failed"
    """The program failed on the record."""


class Rejected(EngineError):
    """Raised by a processor for a record that it cannot handle: the record becomes a dead letter with this reason."""

    def __init__(self, reason: str, kind: str = DeadLetterClass.INVALID) -> None:
        """`kind`: the class of the reason."""
        super().__init__(reason)
        self.kind = kind


class OutputTooLarge(EngineError):
    """A result is larger than its topic takes. `record` is the one it follows from, or None for a known key (a sweep, a
    timer). Whatever the record or the key has done is rolled back.
    """

    def __init__(self, reason: str, record: Record | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record


class StateMismatch(EngineError):
    """The topics do not fit the state, or each other: continuing would lose or repeat records."""

    def __init__(self, code: Code, **details: Any) -> None:
        self.report = Report(code, details)
        super().__init__(str(self.report))


class StaleOwner(EngineError):
    """The changelog has grown since it was restored: another worker owns the partition, or it must be restored
    again.
    """


class UnknownFormat(EngineError):
    """A newer version of this program has written the checkpoint."""


class IncompatibleGroupMetadata(EngineError):
    """This librdkafka writes group metadata in another form than ours: transactions would not be fenced."""


class CallTimeout(EngineError):
    """A call has not returned in time. It may continue for ever, so whatever it uses must be abandoned."""


class Aborted(EngineError):
    """The transaction was aborted: its partitions must be restored again before anything is processed."""

    def __init__(self, reason: str, *, fenced: bool = False, record_fault: bool = False) -> None:
        """`record_fault`: the broker refused a record for what it is, so that a retry cannot help. `fenced`: the
        group's coordinator no longer knows this membership, so that only a new assignment helps.
        """
        super().__init__(reason)
        self.record_fault = record_fault
        self.fenced = fenced


class OutcomeUnknown(EngineError):
    """The transaction may have been committed or not: its producer is replaced, its partitions are restored again."""
