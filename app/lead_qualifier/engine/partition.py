"""One partition as this worker holds it: its state store, its checkpoint, and how much of the changelog is restored."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.clock import Stamp
from lead_qualifier.engine.partitioning import BUCKETS, bucket_of
from lead_qualifier.engine.record import Change
from lead_qualifier.engine.timers import Timers


@dataclass(slots=True)
class Partition:
    """The store holds encoded states: compact, nothing for the garbage collector to walk, safe from partial changes."""

    application: Application
    number: int
    store: dict[bytes, bytes] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    #: The time that the checkpoint's record has at the broker; None if this worker has written it.
    written_at: Stamp | None = None
    #: The changelog is restored up to this offset; None before the first restoration.
    restored_to: int | None = None
    #: When the store was last known to be complete (seconds since 1970, by the wall clock).
    verified_at: float = field(default_factory=time.time)
    #: Keys with an unreadable state, and why, as far as `inspection` has come. The bytes stay until a new state
    #: replaces them.
    unreadable: dict[bytes, str] = field(default_factory=dict)
    inspected: bool = False
    #: Offsets of changelog records without a key.
    keyless: set[int] = field(default_factory=set)
    #: Keys by bucket while a sweep runs.
    buckets: list[list[bytes]] | None = None
    #: Built again from the store whenever the partition is opened.
    timers: Timers = field(default_factory=Timers)
    #: Inputs on which the consumer was set back, and to which offset: nothing is processed until that is written down.
    set_back: dict[str, int] = field(default_factory=dict)
    #: Input topic -> its end when the partition was opened, until everything before it is processed.
    backlog: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name in logs."""
        return f"{self.application.name}/{self.number}"

    @property
    def unreadable_count(self) -> int:
        """Records of the changelog that are known to be unreadable."""
        return len(self.unreadable) + len(self.keyless)

    def forget(self) -> None:
        """Discard everything: the next restoration reads the whole changelog."""
        self.store = {}
        self.unreadable = {}
        self.keyless = set()
        self.inspected = False
        self.checkpoint = self.written_at = None
        self.restored_to = None

    def has_caught_up(self) -> bool:
        """True if everything is processed that came before the partition was opened. Until then no timer fires: a
        record of the backlog may cancel it.
        """
        if self.backlog and self.checkpoint is not None:
            processed = self.checkpoint.next
            self.backlog = {topic: end for topic, end in self.backlog.items() if processed.get(topic, 0) < end}
        return not self.backlog

    def keys_in(self, bucket: int) -> list[bytes]:
        """The keys of one sweep bucket, as known when the sweep began."""
        if self.buckets is None:
            self.buckets = [[] for _ in range(BUCKETS)]
            for key in self.store:
                self.buckets[bucket_of(key)].append(key)
        return self.buckets[bucket]

    def following_timers(self, keys: Iterable[bytes], now_ms: int) -> list[tuple[int, bytes]]:
        """The timers that the states of these keys have after `now_ms`."""
        states = {key: self.store[key] for key in keys if key in self.store}
        if not states:
            return []
        return [timer for timer in self.application.processor.timers(states) if timer[0] > now_ms]

    def apply(self, changes: list[Change]) -> None:
        """Apply committed changelog records to the store."""
        store = self.store
        for change in changes:
            value = change["value"]
            if value is None:
                store.pop(change["key"], None)
            else:
                store[change["key"]] = value
        if self.unreadable:
            for change in changes:
                self.unreadable.pop(change["key"], None)
