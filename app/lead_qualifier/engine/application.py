"""An application: the topics, state codec and processor that belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.engine.partitioning import partition_of
from lead_qualifier.engine.processor import Processor


@dataclass(frozen=True, slots=True)
class Input:
    """An input topic. Its records wait until each topic of `after` is read up to the end it has when they arrive."""

    topic: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """All topics but the dead letters' have `partitions` partitions."""

    name: str
    inputs: tuple[Input, ...]
    changelog: str
    dead_letters: str
    partitions: int
    processor: Processor
    encode_state: Callable[[Any], bytes]
    decode_state: Callable[[bytes], Any]
    #: The largest record (key, value and headers, in bytes) that each topic takes.
    max_record_bytes: Mapping[str, int] = field(default_factory=dict)
    #: False if state keys need not hash to their partition (a single partition, or keys that are no record's key).
    keyed: bool = True
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

    def home_elsewhere(self, key: bytes, number: int) -> int | None:
        """The partition that a key belongs to, if that is not partition `number`."""
        if not self.keyed or (home := partition_of(key, self.partitions)) == number:
            return None
        return home

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(i.topic for i in self.inputs)
