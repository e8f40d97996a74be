"""What the engine runs: an application is a pure decider with its input topics, its state's changelog and its dead
letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from lead_qualifier.engine.partitioning import partition_of

if TYPE_CHECKING:
    from lead_qualifier.engine.context import ProcessorContext
    from lead_qualifier.engine.timers import Timer


class Record(Protocol):
    """A consumed record, as the consumer hands it out (aiokafka's ConsumerRecord has this shape)."""

    topic: str
    partition: int
    offset: int
    timestamp: int  # milliseconds since 1970 UTC
    key: bytes | None
    value: bytes | None
    headers: Any  # sequence of (str, bytes)


class PlainRecord(msgspec.Struct, gc=False):
    """A record and nothing more. aiokafka's own costs more to make than most records cost to decide."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Any


class UnreadableRecord(PlainRecord):
    """What stands at an offset and is no record that anybody could decide: a dead letter, for this reason."""

    reason: str


class Rejected(Exception):
    """Raised by a decider for a record that it cannot handle; the record becomes a dead letter with this reason."""


class Processor(Protocol):
    """The decider of an application. It is called from one thread only and does no I/O of its own.

    Who inherits from it need not know timers and sweeps, nor be told what is open or committed.
    """

    def begin(self) -> int:
        """Called once per cycle: fix the rules to decide by and return their revision: 0 without rules, below 0 if not
        yet known.
        """

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Decide one record. Raises Rejected for bad input; anything else counts as a fault of ours."""

    def sweep_pending(self, swept: int) -> bool:
        """True if rules newer than revision `swept` want all known keys looked at again."""
        return False

    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None:
        """Look at one known key again for rules newer than revision `swept`."""
        return

    def prefilter(self, keys: Sequence[bytes], context: ProcessorContext, swept: int) -> Sequence[bytes]:
        """Of known keys that are to be swept, those that `sweep` has to look at. The others it has decided by what
        `ProcessorContext.stored` gives of them, and nothing but counts came of it. If it raises, all are looked at.
        """
        return keys

    def timers(self, entries: Mapping[bytes, bytes]) -> Iterable[Timer]:
        """What a partition's entries wait for: as asked for by `ProcessorContext.schedule`, and kept in the state by
        the processor itself.

        Called in another thread when the partition is opened, and after each look at keys that were due, with the
        entries of these alone. Of what a key waits for, the engine keeps the earliest time only.
        """
        return ()

    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """The time of a key has come. What it waited for may be gone by now."""
        return

    def rolled_back(self, context: ProcessorContext) -> None:
        """What the last record, or look at a key, did to the unit has been undone. Whoever derives something from what
        the unit holds derives it again.
        """
        return

    def committed(self, context: ProcessorContext) -> None:
        """Called after the transaction that holds this unit's results has been committed."""
        return

    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None:
        """Called when a partition's state is complete and about to be decided; `entries` is not to be kept."""
        return


@dataclass(frozen=True, slots=True)
class Input:
    """An input topic. Its records wait until each topic of `after` is read up to the end it has when they are seen."""

    topic: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """Topics, state codec and decider that belong together; all topics but the dead letters have `partitions`."""

    name: str
    inputs: tuple[Input, ...]
    changelog: str
    dead_letters: str
    partitions: int
    processor: Processor
    encode_state: Callable[[Any], bytes]
    decode_state: Callable[[bytes], Any]
    #: Largest record (key, value and headers, in bytes) that each topic we write to takes.
    max_record_bytes: Mapping[str, int] = field(default_factory=dict)
    #: False if state keys need not hash to their partition (a single partition, or keys that are no record's key).
    keyed: bool = True
    #: The inputs, each behind those that its records wait for. Looked at in every cycle, so worked out once.
    inputs_in_order: tuple[Input, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Raises ValueError if inputs wait for each other."""
        placed: list[Input] = []
        left = list(self.inputs)
        while left:
            topics = {inp.topic for inp in left}
            now = [inp for inp in left if not topics & set(inp.after)]
            if not now:
                raise ValueError(f"{self.name}: inputs that wait for each other: {sorted(topics)}")
            placed += now
            left = [inp for inp in left if inp not in now]
        object.__setattr__(self, "inputs_in_order", tuple(placed))

    def home_elsewhere(self, key: bytes, number: int) -> int | None:
        """The partition that a key belongs to, if that is not partition `number`."""
        if not self.keyed or (home := partition_of(key, self.partitions)) == number:
            return None
        return home

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(i.topic for i in self.inputs)
