"""One cycle's work on one partition: an overlay over its state, what it emits, and what it rejects. Nothing here
touches Kafka.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from lead_qualifier.engine.application import Application, Record, Rejected
from lead_qualifier.engine.partition import Change
from lead_qualifier.engine.timers import Timer
from lead_qualifier.kafka.records import FRAMING_BYTES, Headers, Output, dead_letter, record_bytes

_MISSING: Any = object()


class OutputTooLarge(Exception):
    """A result is larger than its topic takes. `record` is the one it follows from, or None for a known key (a sweep, a
    timer). Whatever the record or the key has done is rolled back.
    """

    def __init__(self, reason: str, record: Record | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record


class ProcessorContext:
    """State is read and written through `get`, `put` and `delete`; objects may be changed in place before `put`.

    If a cycle fails the unit is thrown away: the partition's own store are bytes and stay as they were.
    """

    __slots__ = (
        "_application",
        "_cache",
        "_changed",
        "_limits",
        "_positions",
        "_store",
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
        "timers",
    )

    def __init__(
        self,
        application: Application,
        number: int,
        store: Mapping[bytes, bytes],
        *,
        revision: int = 0,
        now_ms: int = 0,
        unreadable_keys: Collection[bytes] = (),
        positions: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`unreadable_keys`: keys that may not belong here although there are states of them.
        `positions`: by input topic the offset of the next record to decide.
        """
        self._positions = dict(positions)
        self._unreadable = unreadable_keys
        self._application = application
        self._store = store
        self._limits = application.max_record_bytes
        self._cache: dict[bytes, Any] = {}
        self._changed: dict[bytes, Record | None] = {}
        #: About how much it takes to write this: states as they were read, outputs and dead letters.
        self.bytes = 0
        self.number = number
        self.revision = revision
        self.now_ms = now_ms
        #: The record being decided, None during a sweep.
        self.record: Record | None = None
        self.outputs: list[Output] = []
        self.dead_letters: list[tuple[Record, str]] = []
        #: For the processor's own counting; it counts only once the transaction is committed.
        self.counts: Counter[Any] = Counter()
        #: Whatever the processor wants to find again when the unit is committed.
        self.on_commit: list[Any] = []
        #: Keys to be looked at again, and when.
        self.timers: list[Timer] = []
        #: Records decided, by topic.
        self.record_counts: Counter[str] = Counter()

    def get(self, key: bytes) -> Any:
        """The state held for a key, or None. Raises Rejected if the key does not belong here, or its state is
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
                    f"the state stored for this key in {self._application.changelog} is unreadable: {error}"
                ) from error
        self._cache[key] = state
        return state

    def stored(self, key: bytes) -> bytes | None:
        """The bytes held for a key, where nothing in this cycle has touched it yet."""
        if key in self._cache or key in self._unreadable:
            return None
        return self._store.get(key)

    def holds(self, key: bytes) -> bool:
        """Is there a state of the key, readable or not? Raises Rejected if the key does not belong here."""
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
                "producers must use murmur2 (librdkafka: partitioner=murmur2_random)"
            )

    def position(self, topic: str) -> int:
        """The offset in this partition of an input before which every record is decided, or is being decided now."""
        record = self.record
        if record is not None and record.topic == topic:
            return record.offset + 1
        return self._positions.get(topic, 0)

    def passed(self, topic: str, end: int) -> None:
        """All records of an input before `end` are decided."""
        self._positions[topic] = end

    def put(self, key: bytes, state: Any) -> None:
        """Hold this state for the key from now on."""
        self._cache[key] = state
        self._changed[key] = self.record

    def delete(self, key: bytes) -> None:
        """Forget the key: a tombstone in the changelog."""
        self._cache[key] = None
        self._changed[key] = self.record

    def items(self, unreadable: dict[bytes, str] | None = None) -> Iterator[tuple[bytes, Any]]:
        """Every key and state as of now; for applications with few keys.

        Keys whose state is none of ours are left out; `unreadable` receives them and why. The engine reports them.
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

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Produce a record in this cycle's transaction. Raises OutputTooLarge."""
        self.bytes += self._check_size(topic, key, value, headers, self.record)
        self.outputs.append(Output(topic, key, value, headers))

    def reject(self, record: Record, reason: str) -> None:
        """Send the record to the dead letters with a reason that a person understands."""
        self.dead_letters.append((record, reason))
        self.bytes += len(record.value or b"")

    def schedule(self, key: bytes, due_ms: int) -> None:
        """Have the decider look at the key again at this time. The state must say what it then waits for."""
        self.timers.append((due_ms, key))

    def has_changed(self, key: bytes) -> bool:
        """Has anything been put or deleted under this key?"""
        return key in self._changed

    def mark(self) -> tuple[int, int, int]:
        """Where outputs, notes and timers stand, for `undo`."""
        return len(self.outputs), len(self.on_commit), len(self.timers)

    def undo(self, key: bytes, mark: tuple[int, int, int]) -> None:
        """Take back what was done to one key, and emitted, noted and asked for, since `mark`."""
        self._cache.pop(key, None)
        self._changed.pop(key, None)
        self._undo_outputs(mark)

    def _undo_outputs(self, mark: tuple[int, int, int]) -> None:
        del self.outputs[mark[0] :], self.on_commit[mark[1] :], self.timers[mark[2] :]

    def check_state(self, key: bytes) -> None:
        """Raises OutputTooLarge if the key's changed state is larger than the changelog takes."""
        if key in self._changed and (state := self._cache[key]) is not None:
            self._check_size(self._application.changelog, key, self._application.encode_state(state), [], None)

    def fits(self, key: bytes, state: Any) -> bool:
        """Whether the changelog takes this state of the key."""
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
        """The dead letters as records: original bytes, key and headers, and where they came from."""
        topic = self._application.dead_letters
        for record, reason in self.dead_letters:
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


class CarefulContext(ProcessorContext):
    """A unit in which what one record did can be taken back. After each record the states that it changed are encoded,
    so that the one that makes a state too large is known: slower than a plain unit by just that.
    """

    __slots__ = ("_before", "_kept", "_touched")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: dict[bytes, bytes | None] = {}  # the states that are sure to be written, by changed key
        self._touched: dict[bytes, None] = {}  # what the record may have changed in place
        self._before = (self.mark(), Counter(self.counts))

    def begin(self, record: Record) -> None:
        """What comes now follows from this record."""
        self.record = record
        self._touched = {}
        self._before = (self.mark(), self.counts.copy())

    def keep(self) -> None:
        """The record has been decided. Raises OutputTooLarge if it makes a state too large."""
        for key in self._touched:
            if key in self._changed:
                self._keep(key, self.record)

    def roll_back(self) -> None:
        """Undo everything since `begin`."""
        mark, counts = self._before
        for key in self._touched:
            self.undo(key, mark)
            if key in self._kept:
                raw = self._kept[key]
                self._cache[key] = None if raw is None else self._application.decode_state(raw)
                self._changed[key] = None
        self._undo_outputs(mark)
        self.counts = counts
        self._touched = {}

    def get(self, key: bytes) -> Any:
        """As of a plain unit."""
        self._touched[key] = None
        return super().get(key)

    def put(self, key: bytes, state: Any) -> None:
        """As of a plain unit."""
        self._touched[key] = None
        super().put(key, state)

    def delete(self, key: bytes) -> None:
        """As of a plain unit."""
        self._touched[key] = None
        super().delete(key)

    def check_state(self, key: bytes) -> None:
        """As of a plain unit."""
        if key in self._changed:
            self._keep(key, None)

    def changes(self) -> list[Change]:
        """As of a plain unit; nothing is encoded again."""
        for key, record in self._changed.items():
            if key not in self._kept:
                self._keep(key, record)
        return [{"key": key, "value": self._kept[key]} for key in self._changed]

    def _keep(self, key: bytes, record: Record | None) -> None:
        state = self._cache[key]
        value = None if state is None else self._application.encode_state(state)
        if value is not None:
            self._check_size(self._application.changelog, key, value, [], record)
        self._kept[key] = value
