"""An Assigner on a store in memory, and short ways to make definitions, sellers and leads for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lead_qualifier.assignment.assigner import Assigner
from lead_qualifier.assignment.decisions import Decision
from lead_qualifier.assignment.rules import rules_of
from lead_qualifier.assignment.state import HeldLead, HeldSeller, decode_state, encode_state

T0 = datetime(2026, 11, 25, 9, tzinfo=UTC)  # a Wednesday


class Memory:
    """A store that keeps bytes, as the engine does."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self._held: dict[bytes, Any] = {}

    def get(self, key: bytes) -> Any:
        return self._held.get(key)

    def put(self, key: bytes, state: Any) -> None:
        self._held[key] = state
        self.entries[key] = encode_state(state)

    def delete(self, key: bytes) -> None:
        del self._held[key], self.entries[key]

    def reopen(self) -> list[tuple[bytes, Any]]:
        """As read back from bytes."""
        self._held = {key: decode_state(value) for key, value in self.entries.items()}
        return list(self._held.items())


def rule(name: str = "any", **fields: Any) -> dict[str, Any]:
    if not {"sellers", "team", "queue"} & set(fields):
        fields["sellers"] = {"when": {"attribute": "gone", "exists": False}}
    return {"id": name, **fields}


def segment(*rules: dict[str, Any], name: str = "all", priority: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": name, "priority": priority, "rules": list(rules), **fields}


def definition(*segments: dict[str, Any], name: str = "sales", **fields: Any) -> dict[str, Any]:
    return {"id": name, "segments": list(segments), **fields}


class AssignerHarness:
    def __init__(self, *definitions: dict[str, Any], restarts: bool = False) -> None:
        self.memory = Memory()
        self.rules = tuple(rules_of(one, 1) for one in definitions)
        self.assigner = Assigner([], self.rules)
        self.next_time: datetime | None = None
        self._restarts = restarts

    def handle(self, what: str, *args: Any, at: float = 0, **fields: Any) -> list[Decision]:
        if self._restarts:
            self.assigner = Assigner(self.memory.reopen(), self.rules)
        self.assigner.begin(self.memory, T0 + timedelta(hours=at))
        getattr(self.assigner, what)(*args, **fields)
        decided, self.next_time = self.assigner.end()
        return decided

    def lead(
        self, name: str, at: float = 0, qualified: float = 0, model: str = "M", **attributes: Any
    ) -> list[Decision]:
        held = HeldLead(model_id=model, qualified_at=T0 + timedelta(hours=qualified), attributes=attributes)
        return self.handle("lead_qualified", name, held, at=at)

    def seller(self, name: str, at: float = 0, **fields: Any) -> list[Decision]:
        return self.handle("seller_changed", HeldSeller(id=name, changed_at=T0, **fields), at=at)

    def publish(self, *definitions: dict[str, Any]) -> list[Decision]:
        self.rules = tuple(rules_of(one, 1) for one in definitions)
        return self.handle("rules_changed", self.rules)
