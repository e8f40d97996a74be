"""A small application for the engine's tests: per key it adds up what comes in, and emits each running total."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from lead_qualifier.engine import Application, Input, Processor, ProcessorContext, Record, Rejected

PARTITIONS = 4


class Total(msgspec.Struct):
    sum: int = 0
    count: int = 0
    swept: int = 0


class Added(msgspec.Struct):
    """What goes in: `id` is the oracle's, `add` the amount."""

    id: str
    add: int


class Running(msgspec.Struct):
    """What comes out for each record: the key's total after it."""

    id: str
    key: str
    sum: int
    count: int


@dataclass
class Sums(Processor):
    """The decider. `revision` stands for rules; `wanted_sweep` is the revision that wants all keys looked at."""

    out: str
    revision: Callable[[], int] = lambda: 0
    sweeps: Callable[[], int] = lambda: 0
    fail_on: Mapping[str, str] = field(default_factory=dict)

    def begin(self) -> int:
        return self.revision()

    def process(self, record: Record, context: ProcessorContext) -> None:
        try:
            added = msgspec.json.decode(record.value or b"", type=Added)
        except msgspec.DecodeError as error:
            raise Rejected(f"not a sum: {error}") from error
        if added.id in self.fail_on:
            raise RuntimeError(self.fail_on[added.id])
        if record.key is None:
            raise Rejected("no key")
        total = context.get(record.key) or Total()
        total.sum += added.add
        total.count += 1
        context.put(record.key, total)
        running = Running(added.id, record.key.decode(), total.sum, total.count)
        context.emit(self.out, record.key, msgspec.json.encode(running), [("kind", b"running")])

    def sweep_pending(self, swept: int) -> bool:
        return self.sweeps() > swept

    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None:
        total = context.get(key)
        if total is None:
            return
        total.swept += 1
        context.put(key, total)
        context.emit(
            self.out,
            key,
            msgspec.json.encode(Running(f"sweep-{context.revision}", key.decode(), total.sum, total.count)),
            [],
        )

    def committed(self, context: ProcessorContext) -> None: ...

    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None: ...


@dataclass(frozen=True)
class Topics:
    """The topics of one test."""

    prefix: str

    @property
    def inputs(self) -> tuple[str, str]:
        return (f"{self.prefix}in-a", f"{self.prefix}in-b")

    @property
    def out(self) -> str:
        return f"{self.prefix}out"

    @property
    def changelog(self) -> str:
        return f"{self.prefix}state"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}dead"

    @property
    def group(self) -> str:
        return f"{self.prefix}group"


def application(
    topics: Topics, decider: Sums, *, max_record_bytes: int = 1_000_000, inputs: int = 2, in_order: bool = False
) -> Application:
    """`inputs`: how many of the input topics it reads; an earlier version may have read fewer. `in_order`: each input
    waits for those before it.
    """
    return Application(
        name="sums",
        inputs=tuple(
            Input(topic, after=topics.inputs[:number] if in_order else ())
            for number, topic in enumerate(topics.inputs[:inputs])
        ),
        changelog=topics.changelog,
        dead_letters=topics.dead_letters,
        partitions=PARTITIONS,
        processor=decider,
        encode_state=msgspec.json.encode,
        decode_state=msgspec.json.Decoder(Total).decode,
        max_record_bytes=dict.fromkeys((topics.out, topics.changelog, topics.dead_letters), max_record_bytes),
    )
