"""What a processor works on: an overlay over the state of one partition, and what one cycle emits and rejects there.
Nothing here touches Kafka.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from lead_qualifier.engine.errors import DeadLetterClass, OutputTooLarge, Rejected
from lead_qualifier.engine.timers import Timer
from lead_qualifier.engine.topology import Topology
from lead_qualifier.kafka.records import FRAMING_BYTES, Change, Headers, Output, Record, dead_letter, record_bytes

_MISSING: Any = object()


class DeadLetter(NamedTuple):
    """A record that nobody can process."""

    record: Record
    #: For people.
    reason: str
    #: The class of the reason, for figures.
    kind: str


class ProcessorContext:
    """Read and write state through `get`, `put` and `delete`; objects may be changed in place before `put`.

    If a cycle fails the context is discarded. The partition's state store holds bytes and stays as it was.
    """

    __slots__ = (
        "_application",
        "_cache",
        "_changed",
        "_limits",
        "_positions",
        "_span",
        "_store",
        "_trace",
        "_traced",
        "_tracer",
        "_unreadable",
        "bytes",
        "counts",
        "dead_letters",
        "now_ms",
        "number",
        "on_commit",
        "outputs",
        "record",
        "record_counts",
        "revision",
        "spans",
        "timers",
    )

    def __init__(
        self,
        application: Topology,
        number: int,
        store: Mapping[bytes, bytes],
        *,
        revision: int = 0,
        now_ms: int = 0,
        unreadable_keys: Collection[bytes] = (),
        positions: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`unreadable_keys`: keys that may not belong here although the store has states of them. `positions`: by input
        topic the offset of the next record to process.
        """
        self._positions = dict(positions)
        self._unreadable = unreadable_keys
        self._application = application
        self._store = store
        self._limits = application.max_record_bytes
        self._cache: dict[bytes, Any] = {}
        self._changed: dict[bytes, Record | None] = {}
        self._tracer = application.tracer
        self._traced: Record | tuple[bytes | None, Headers] | None = None  # what `_trace` and `_span` belong to
        self._trace: Headers = ()
        self._span: Any = None  # kept in `spans` once something follows
        #: About how many bytes this takes to write: states as they were read, outputs and dead letters.
        self.bytes = 0
        self.number = number
        self.revision = revision
        self.now_ms = now_ms
        #: The record being processed; None during a sweep and for a timer.
        self.record: Record | None = None
        self.outputs: list[Output] = []
        self.dead_letters: list[DeadLetter] = []
        #: The processor's own counters. They count once the transaction is committed.
        self.counts: Counter[Any] = Counter()
        #: Events for the processor's `committed`: whatever is true only once the transaction is committed.
        self.on_commit: list[Any] = []
        self.timers: list[Timer] = []
        #: The tracer's spans of the records and timers that led to something.
        self.spans: list[Any] = []
        #: Records processed, by topic.
        self.record_counts: Counter[str] = Counter()

    def get(self, key: bytes) -> Any:
        """The state of a key, or None. Raises Rejected if the key belongs to another partition, or its state is
        unreadable.
        """
        state = self._cache.get(key, _MISSING)
        if state is not _MISSING:
            return state
        raw = self._store.get(key)
        if raw is None or key in self._unreadable:
            self._check_partition(key)
        if raw is None:
            state = None
        else:
            self.bytes += len(raw)
            try:
                state = self._application.decode_state(raw)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                raise Rejected(
                    f"the state stored for this key in {self._application.changelog} is unreadable: {error}",
                    DeadLetterClass.UNREADABLE_STATE,
                ) from error
        self._cache[key] = state
        return state

    def stored(self, key: bytes) -> bytes | None:
        """The encoded state of a key, if nothing in this cycle has touched it yet."""
        if key in self._cache or key in self._unreadable:
            return None
        return self._store.get(key)

    def holds(self, key: bytes) -> bool:
        """True if the key has a state, readable or not. Raises Rejected if the key belongs to another partition."""
        if key in self._cache:
            return self._cache[key] is not None
        if key in self._store and key not in self._unreadable:
            return True
        self._check_partition(key)
        return key in self._store

    def _check_partition(self, key: bytes) -> None:
        app = self._application
        if (belongs := app.home_elsewhere(key, self.number)) is not None:
            raise Rejected(
                f"wrong partitioner: this key belongs to partition {belongs} of {app.partitions}, not {self.number}; "
                "producers must use murmur2 (librdkafka: partitioner=murmur2_random)",
                DeadLetterClass.WRONG_PARTITION,
            )

    def position(self, topic: str) -> int:
        """The offset in this partition of an input below which every record is processed, or is being processed now."""
        record = self.record
        if record is not None and record.topic == topic:
            return record.offset + 1
        return self._positions.get(topic, 0)

    def passed(self, topic: str, end: int) -> None:
        """All records of an input below offset `end` are processed."""
        self._positions[topic] = end

    def put(self, key: bytes, state: Any) -> None:
        """Set the state of a key."""
        self._cache[key] = state
        self._changed[key] = self.record

    def delete(self, key: bytes) -> None:
        """Forget the key: a tombstone in the changelog."""
        self._cache[key] = None
        self._changed[key] = self.record

    def items(self, unreadable: dict[bytes, str] | None = None) -> Iterator[tuple[bytes, Any]]:
        """Every key and state, this cycle's changes included; for applications with few keys.

        Keys with an unreadable state are left out; `unreadable` receives them and the reasons. The engine reports them.
        """
        for key in {**self._store, **self._changed}:
            try:
                key.decode()
                state = self.get(key)
            except (Rejected, UnicodeDecodeError) as reason:
                if unreadable is not None:
                    unreadable[key] = str(reason)
                continue
            if state is not None:
                yield key, state

    @property
    def trace(self) -> Headers:
        """The headers that put outputs into the trace of the record being processed."""
        record, tracer = self.record, self._tracer
        if record is None or not (record.headers or tracer):
            return ()
        if self._traced is not record:
            self._traced, self._trace = record, self._application.trace_of(record)
            if tracer is not None:
                self._trace, self._span = tracer.record(record, self._trace)
        return self._trace

    def _trace_of_timer(self, key: bytes | None, trace: Headers) -> Headers:
        if self._tracer is None or not trace:
            return trace
        if self._traced != (key, trace):
            self._traced = key, trace
            self._trace, self._span = self._tracer.timer(key, trace)
        return self._trace

    def _keep_span(self) -> None:
        if self.record is None or self._traced is self.record:
            self.spans.append(self._span)
            self._span = None

    def emit(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, *, trace: Headers = ()
    ) -> None:
        """Produce a record in this cycle's transaction, in the trace of the record being processed. `trace`: the
        headers of the one to use when there is no such record, for a timer. Raises OutputTooLarge.
        """
        if trace := self._trace_of_timer(key, trace) if self.record is None else self.trace:
            headers = [*headers, *trace]
        if self._span is not None:
            self._keep_span()
        self.bytes += self._check_size(topic, key, value, headers, self.record)
        self.outputs.append(Output(topic, key, value, headers))

    def reject(self, record: Record, reason: str, kind: str) -> None:
        """Make the record a dead letter, with a reason for people and its class."""
        self.dead_letters.append(DeadLetter(record, reason, kind))
        self.bytes += len(record.value or b"")

    def schedule(self, key: bytes, due_ms: int) -> None:
        """Set a timer (milliseconds since 1970). The state must say what it is for."""
        if self._span is not None:
            self._keep_span()
        self.timers.append((due_ms, key))

    def has_changed(self, key: bytes) -> bool:
        """True if the key was put or deleted in this cycle."""
        return key in self._changed

    def mark(self) -> tuple[int, int, int, int]:
        """How many outputs, on-commit events, timers and spans there are, for `undo`."""
        return len(self.outputs), len(self.on_commit), len(self.timers), len(self.spans)

    def undo(self, key: bytes, mark: tuple[int, int, int, int]) -> None:
        """Undo the changes of one key, and all outputs, on-commit events, timers and spans since `mark`."""
        self._cache.pop(key, None)
        self._changed.pop(key, None)
        self._undo_outputs(mark)

    def _undo_outputs(self, mark: tuple[int, int, int, int]) -> None:
        del self.outputs[mark[0] :], self.on_commit[mark[1] :], self.timers[mark[2] :], self.spans[mark[3] :]
        self._traced, self._trace, self._span = None, (), None

    def check_state(self, key: bytes) -> None:
        """Raises OutputTooLarge if the key's changed state is larger than the changelog takes."""
        if key in self._changed and (state := self._cache[key]) is not None:
            self._check_size(self._application.changelog, key, self._application.encode_state(state), [], None)

    def fits(self, key: bytes, state: Any) -> bool:
        """True if the changelog takes this state of the key."""
        limit = self._limits.get(self._application.changelog)
        return limit is None or record_bytes(key, self._application.encode_state(state), []) <= limit

    def changes(self) -> list[Change]:
        """The changelog records: each changed key once, with its last state. Raises OutputTooLarge."""
        encode = self._application.encode_state
        cache = self._cache
        limit = self._limits.get(self._application.changelog, sys.maxsize) - FRAMING_BYTES
        encoded: list[Change] = []
        for key, record in self._changed.items():
            state = cache[key]
            value = None if state is None else encode(state)
            if value is not None and len(key) + len(value) > limit:
                self._check_size(self._application.changelog, key, value, [], record)
            encoded.append({"key": key, "value": value})
        return encoded

    def dead_letter_records(self) -> Iterator[Output]:
        """The dead letters as records: original key, value and headers, their origin, and the reason."""
        topic = self._application.dead_letters
        for record, reason, _ in self.dead_letters:
            yield dead_letter(topic, record, reason, self._limits.get(topic))

    def _check_size(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, record: Record | None
    ) -> int:
        size = record_bytes(key, value, headers)
        limit = self._limits.get(topic)
        if limit is not None and size > limit:
            what = "what follows" if record is None else "what follows from this record"
            raise OutputTooLarge(f"{what} needs {size} bytes in {topic}, which takes {limit}", record)
        return size
