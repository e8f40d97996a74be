"""An application: the topics, state codec and processor that belong together. Processors do no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.timers import Timer
from lead_qualifier.engine.topology import Topology
from lead_qualifier.kafka.records import Record


class Processor(Protocol):
    """The processor of an application. The engine calls it from one thread, except where a method says otherwise.

    A class that inherits from it needs to define `process` only.
    """

    def begin(self) -> int:
        """Called once per cycle. Fixes the rules for the cycle and returns their revision: 0 without rules, negative
        while they are not known yet.
        """
        return 0

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Process one record. Raises Rejected for bad input; any other exception counts as a fault of the program."""

    def sweep_pending(self, swept: int) -> bool:
        """True if rules newer than revision `swept` require all known keys to be evaluated again."""
        return False

    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None:
        """Evaluate one known key by rules newer than revision `swept`."""
        return

    def prefilter(self, keys: Sequence[bytes], context: ProcessorContext, swept: int) -> Sequence[bytes]:
        """Returns the keys that `sweep` must evaluate. The others are decided here, from what `ProcessorContext.stored`
        returns, and counted. If this raises, all keys are swept.
        """
        return keys

    def timers(self, store: Mapping[bytes, bytes]) -> Iterable[Timer]:
        """The timers of these keys and encoded states: those asked for by `ProcessorContext.schedule`, which the state
        has to remember.

        Called in another thread with the whole store when the partition is opened, and after each commit with the keys
        whose timers have fired. The engine keeps the earliest timer of a key only.
        """
        return ()

    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """A timer of the key is due. The reason for which it was set may no longer exist."""
        return

    def rolled_back(self, context: ProcessorContext) -> None:
        """The changes that the last record, or the last known key, made to the context have been undone: derive again
        whatever was derived from the context.
        """
        return

    def committed(self, context: ProcessorContext) -> None:
        """The transaction that holds the context's results has been committed."""
        return

    def opened(self, number: int, store: Mapping[bytes, bytes]) -> None:
        """A partition's state is restored and about to be processed. Called in another thread; do not keep `store`."""
        return


@dataclass(frozen=True, slots=True)
class Input:
    """An input topic. Its records wait until each topic of `after` is processed up to its end at their arrival."""

    topic: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Topology):
    """A processor, where its records come from, and where its results go."""

    name: str
    inputs: tuple[Input, ...]
    processor: Processor
    #: The inputs, each behind those that its records wait for. Used in every cycle, so computed once.
    inputs_in_order: tuple[Input, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Raises ValueError if inputs wait for each other."""
        ordered: list[Input] = []
        left = list(self.inputs)
        while left:
            topics = {inp.topic for inp in left}
            ready = [inp for inp in left if not topics & set(inp.after)]
            if not ready:
                raise ValueError(f"{self.name}: inputs that wait for each other: {sorted(topics)}")
            ordered += ready
            left = [inp for inp in left if inp not in ready]
        object.__setattr__(self, "inputs_in_order", tuple(ordered))

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(i.topic for i in self.inputs)
