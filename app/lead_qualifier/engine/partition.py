"""One partition as this worker holds it: its state store, its checkpoint, and how much of the changelog is restored."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.clock import Stamp
from lead_qualifier.engine.partitioning import BUCKETS, bucket_of
from lead_qualifier.engine.timers import Timers

#: A changelog record in the form that confluent-kafka's `produce_batch` takes: `key` bytes, `value` bytes or None.
Change = dict[str, Any]


@dataclass(slots=True)
class Partition:
    """Entries are encoded bytes: compact, nothing for the garbage collector to walk, safe from half-done changes."""

    application: Application
    number: int
    store: dict[bytes, bytes] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    #: The time that the record of the position has at the broker; None if this worker has written it.
    written_at: Stamp | None = None
    #: Offset after the last changelog record that the entries contain; None before the first restore.
    copied_to: int | None = None
    #: Wall clock (seconds since 1970) of the last moment at which the copy was known to be complete.
    verified_at: float = field(default_factory=time.time)
    #: Keys whose entries are no state of ours, and why, as far as is known: `inspection` looks for them. The bytes stay
    #: as they are until a new state replaces them.
    unreadable: dict[bytes, str] = field(default_factory=dict)
    inspected: bool = False
    #: Offsets of changelog records without a key.
    keyless: set[int] = field(default_factory=set)
    #: Keys by bucket while a sweep runs.
    buckets: list[list[bytes]] | None = None
    #: What the entries wait for; anew whenever the partition is opened.
    timers: Timers = field(default_factory=Timers)
    #: Inputs on which the consumer was set back, and to which offset: nothing is decided before that is written down.
    set_back: dict[str, int] = field(default_factory=dict)
    #: By input the end that it had when the partition was opened, until all of that is decided.
    backlog: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How logs name it."""
        return f"{self.application.name}/{self.number}"

    @property
    def unreadable_count(self) -> int:
        """Records of the changelog that are known to be no state of ours."""
        return len(self.unreadable) + len(self.keyless)

    def forget(self) -> None:
        """Begin from nothing: the next restore copies everything."""
        self.store = {}
        self.unreadable = {}
        self.keyless = set()
        self.inspected = False
        self.checkpoint = self.written_at = None
        self.copied_to = None

    def has_caught_up(self) -> bool:
        """Is all decided that came before the partition was opened? Before that no time of a timer is over: what came
        meanwhile may be what ends its waiting.
        """
        if self.backlog and self.checkpoint is not None:
            decided = self.checkpoint.next
            self.backlog = {topic: end for topic, end in self.backlog.items() if decided.get(topic, 0) < end}
        return not self.backlog

    def keys_in(self, bucket: int) -> list[bytes]:
        """The keys of one sweep bucket, as known when the sweep began."""
        if self.buckets is None:
            self.buckets = [[] for _ in range(BUCKETS)]
            for key in self.store:
                self.buckets[bucket_of(key)].append(key)
        return self.buckets[bucket]

    def apply(self, changes: list[Change]) -> None:
        """Take committed changelog records into the entries."""
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
