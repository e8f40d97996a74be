"""A partition of leads for a processor of a service: records in, one cycle each; events, timers and state out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lead_qualifier.definitions.entries import Definitions, Published
from lead_qualifier.engine import Application, Input, Processor, ProcessorContext, Record, Rejected
from lead_qualifier.engine.timers import Timers
from tests.support.messages import encode

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@dataclass
class ProcessorHarness:
    """`definitions` are live, each in version 1; `now` moves on by `wait`."""

    make: Callable[[Callable[[], Definitions | None]], Processor]
    encode_state: Callable[[Any], bytes]
    decode_state: Callable[[bytes], Any]
    definitions: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[bytes, bytes] = field(default_factory=dict)
    emitted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    counts: Counter[Any] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    now: datetime = NOW
    offset: int = 0
    revision: int = 1
    version: int = 1

    def __post_init__(self) -> None:
        self._snapshot = self._published()
        self.restart()

    def restart(self) -> None:
        """As after a crash: what is left is the state."""
        self.processor = self.make(lambda: self._snapshot)
        self.application = Application(
            name="processor",
            inputs=(Input("any"),),
            changelog="changelog",
            dead_letters="dead",
            partitions=1,
            processor=self.processor,
            encode_state=self.encode_state,
            decode_state=self.decode_state,
        )
        self.timers = Timers(self.processor.timers(self.entries))

    def publish(self, *definitions: dict[str, Any]) -> None:
        """These are live from now on, in the next version, and no others."""
        self.revision += 1
        self.version += 1
        self.definitions = {one["id"]: one for one in definitions}
        self._snapshot = self._published()
        swept = self.revision - 1
        self.processor.begin()
        if self.processor.sweep_pending(swept):
            context = self._context()
            for key in list(self.entries):
                self.processor.sweep(key, context, swept)
            self._commit(context)

    def send(self, topic: str, key: str, message: dict[str, Any] | None) -> None:
        """`message` tells of all that was sent before, unless it says otherwise itself."""
        if message is not None and topic in {"lead-qualified", "lead-assigned"}:
            message = {"lead_changed_offset": self.offset, **message}
        value = None if message is None else encode(message)
        written_ms = round(self.now.timestamp() * 1000)
        self.take(Record(topic, 0, self.offset, written_ms, key.encode(), value, []))
        self.offset += 1

    def take(self, record: Record) -> None:
        """As a cycle of its own."""
        context = self._context()
        context.record = record
        self.processor.begin()
        try:
            self.processor.process(record, context)
        except Rejected as rejected:
            self.refused.append(str(rejected))
            return
        self._commit(context)

    def wait(self, length: timedelta) -> None:
        """Time passes; whatever is due on the way is decided when it is."""
        end = self.now + length
        while True:
            times = [due for due, _ in self.timers._heap]
            if not times or min(times) > end.timestamp() * 1000:
                break
            self.now = max(self.now, datetime.fromtimestamp(min(times) / 1000, UTC))
            self._look()
        self.now = end
        self._look()

    def of(self, topic: str) -> list[dict[str, Any]]:
        """What was emitted to a topic, in order."""
        return [event for name, event in self.emitted if name == topic]

    @property
    def held(self) -> set[bytes]:
        """Leads of which more is held than that they were erased, which names a record and a time and nothing else."""
        found = set()
        for key, value in self.entries.items():
            erased = json.loads(value)["facts"].get("erased")
            if erased is None or json.loads(value) != {"facts": {"erased": erased}}:
                found.add(key)
            else:
                assert set(erased) == {"offset", "until_ms"}
        return found

    def _look(self) -> None:
        now_ms = round(self.now.timestamp() * 1000)
        keys = self.timers.due(now_ms, 1000)
        context = self._context()
        self.processor.begin()
        for key in keys:
            self.processor.on_timer(key, context)
        self._commit(context)
        held = {key: self.entries[key] for key in keys if key in self.entries}
        self.timers.done(keys, [schedule for schedule in self.processor.timers(held) if schedule[0] > now_ms])

    def _context(self) -> ProcessorContext:
        return ProcessorContext(
            self.application, 0, self.entries, revision=self.revision, now_ms=round(self.now.timestamp() * 1000)
        )

    def _commit(self, context: ProcessorContext) -> None:
        for change in context.changes():
            if change["value"] is None:
                self.entries.pop(change["key"], None)
            else:
                self.entries[change["key"]] = change["value"]
        self.timers.add(context.timers)
        self.counts.update(context.counts)
        self.emitted += [(one.topic, json.loads(one.value or b"{}")) for one in context.outputs]
        self.processor.committed(context)

    def _published(self) -> Definitions:
        return Definitions(
            self.revision,
            {
                name: Published(name, self.version, definition, NOW, self.revision)
                for name, definition in sorted(self.definitions.items())
            },
        )


def changed(lead_id: str, minutes: float = 0, **fields: Any) -> dict[str, Any]:
    """A lead-changed message; `minutes` after nine."""
    return {
        "event_id": f"c-{lead_id}-{minutes}-{len(fields)}",
        "lead_id": lead_id,
        "occurred_at": _at(minutes),
        **fields,
    }


def qualified(lead_id: str, minutes: float = 0, *, model: str = "enterprise", number: int = 1) -> dict[str, Any]:
    """A lead-qualified message of a lead that was new."""
    return {
        "event_id": f"q-{lead_id}-{model}-{number}",
        "lead_id": lead_id,
        "qualification_model_id": model,
        "qualification_model_version": 1,
        "match": "all",
        "criteria": [],
        "changes": {
            "status_reason": {"from": "new", "to": "marketing_qualified"},
            "sales_ready": {"from": False, "to": True},
        },
        "lead": {"status": "open", "status_reason": "marketing_qualified", "sales_ready": True},
        "qualification_number": number,
        "origin": "live",
        "occurred_at": _at(minutes),
        "trigger": {"event_id": "s", "topic": "lead-score-changed", "partition": 0, "offset": 0},
    }


def _at(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()
