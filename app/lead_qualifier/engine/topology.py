"""Where the results of an application go, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.engine.partitioning import partition_of
from lead_qualifier.engine.tracer import Tracer
from lead_qualifier.kafka.records import Headers, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Where the results of an application go. All topics but the dead letters' have `partitions` partitions."""

    changelog: str
    dead_letters: str
    partitions: int
    encode_state: Callable[[Any], bytes]
    #: Raises msgspec.DecodeError, ValueError or RecursionError.
    decode_state: Callable[[bytes], Any]
    #: The largest record (key, value and headers, in bytes) that each topic takes.
    max_record_bytes: Mapping[str, int] = field(default_factory=dict)
    #: The headers that put what follows from a record into its trace.
    trace_of: Callable[[Record], Headers] = field(default=lambda record: ())
    #: Adds steps to these traces. None: what follows from a record gets the headers of the record unchanged.
    tracer: Tracer | None = None
    #: False if state keys need not hash to their partition (a single partition, or keys that are no record's key).
    keyed: bool = True

    def home_elsewhere(self, key: bytes, number: int) -> int | None:
        """The partition that a key belongs to, if that is not partition `number`."""
        if not self.keyed or (home := partition_of(key, self.partitions)) == number:
            return None
        return home
