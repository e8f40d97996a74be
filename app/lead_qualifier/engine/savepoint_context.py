"""A context that can undo what one record did: for finding the record that is at fault."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typing_extensions import override

from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.kafka.records import Change, Record


class SavepointContext(ProcessorContext):
    """A context that can undo what one record did.

    It encodes the states that a record changed right after the record, and so knows which record made a state too
    large. That is what makes it slower than a plain context.
    """

    __slots__ = ("_encoded", "_savepoint", "_touched")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._encoded: dict[bytes, bytes | None] = {}  # changed key -> its state up to the last release
        self._touched: dict[bytes, None] = {}  # what the record may have changed in place
        self._savepoint = (self.mark(), Counter(self.counts))

    def begin(self, record: Record) -> None:
        """Set the savepoint: later changes follow from this record."""
        self.record = record
        self._touched = {}
        self._savepoint = (self.mark(), self.counts.copy())

    def release(self) -> None:
        """The record is processed. Raises OutputTooLarge if it makes a state too large."""
        for key in self._touched:
            if key in self._changed:
                self._encode(key, self.record)

    def roll_back(self) -> None:
        """Undo everything since `begin`."""
        mark, counts = self._savepoint
        for key in self._touched:
            self.undo(key, mark)
            if key in self._encoded:
                raw = self._encoded[key]
                self._cache[key] = None if raw is None else self._application.decode_state(raw)
                self._changed[key] = None
        self._undo_outputs(mark)
        self.counts = counts
        self._touched = {}

    @override
    def get(self, key: bytes) -> Any:
        self._touched[key] = None
        return super().get(key)

    @override
    def put(self, key: bytes, state: Any) -> None:
        self._touched[key] = None
        super().put(key, state)

    @override
    def delete(self, key: bytes) -> None:
        self._touched[key] = None
        super().delete(key)

    @override
    def check_state(self, key: bytes) -> None:
        if key in self._changed:
            self._encode(key, None)

    @override
    def changes(self) -> list[Change]:
        for key, record in self._changed.items():
            if key not in self._encoded:
                self._encode(key, record)
        return [{"key": key, "value": self._encoded[key]} for key in self._changed]

    def _encode(self, key: bytes, record: Record | None) -> None:
        state = self._cache[key]
        value = None if state is None else self._application.encode_state(state)
        if value is not None:
            self._check_size(self._application.changelog, key, value, [], record)
        self._encoded[key] = value
