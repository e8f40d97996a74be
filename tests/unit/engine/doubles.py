"""Test doubles for the engine's parts: a record, a processor, an application; and a cycle without a broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.engine import Application, Headers, Input, Processor, ProcessorContext, Record
from lead_qualifier.engine.batch_processor import BatchProcessor
from lead_qualifier.engine.clock import Clock
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.input_barriers import InputBarriers
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.limits import CycleSize
from lead_qualifier.engine.partition import Partition, PartitionResult, PartitionTask
from lead_qualifier.engine.task_selection import TaskSelector
from lead_qualifier.kafka.admin import Admin


def record_of(
    offset: int = 7, *, key: bytes | None = b"k", value: bytes | None = b"v", headers: Headers = ()
) -> Record:
    return Record("in", 3, offset, 0, key, value, headers)


@dataclass
class StubProcessor(Processor):
    """A processor for tests that need none."""

    calls: list[Any] = field(default_factory=list)

    def begin(self) -> int:
        return 0

    def process(self, record: Any, context: ProcessorContext) -> None: ...

    def sweep_pending(self, swept: int) -> bool:
        return False

    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None: ...

    def committed(self, context: ProcessorContext) -> None: ...

    def opened(self, number: int, store: Any) -> None: ...


def application(*, limit: int | None = None, keyed: bool = False) -> Application:
    return Application(
        name="app",
        inputs=(Input("in"),),
        changelog="state",
        dead_letters="dead",
        partitions=4,
        processor=StubProcessor(),
        encode_state=lambda state: json.dumps(state).encode(),
        decode_state=json.loads,
        max_record_bytes={} if limit is None else {"state": limit, "out": limit, "dead": limit},
        keyed=keyed,
    )


class CycleHarness:
    """The parts of a cycle that need no broker, around one fetch buffer."""

    def __init__(
        self,
        fetch_buffer: FetchBuffer,
        *,
        max_records: int = 50_000,
        max_bytes: int = 64 * 1024 * 1024,
        clock: Clock | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.size = CycleSize(max_records, max_bytes)
        self.isolation = Isolation(max_records)
        barriers = InputBarriers(fetch_buffer, Admin({"bootstrap.servers": "127.0.0.1:1"}))
        self._selector = TaskSelector(fetch_buffer, barriers, self.isolation, self.size, clock or Clock())
        self._processor = BatchProcessor(
            fetch_buffer, self.isolation, self.size, group_id="g", hook=no_fault_hook, progress=progress
        )

    def select(self, *partitions: Partition) -> list[PartitionTask]:
        return self._selector.select(partitions)

    def process(self, tasks: list[PartitionTask]) -> list[PartitionResult]:
        return self._processor.process(tasks)

    def committed(self, results: list[PartitionResult]) -> None:
        self.isolation.committed(results)
        self.size.grow()
