"""The steps that a sequence gives out for leads (docs/how-to/sequences.md), one event after the other.

Steps are walked as they are nested in the file, by one generator for each connection; after each event it is asked
whether it can go on. Times are milliseconds of the clock that the caller passes as `now`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.oracle.conditions import is_so
from tests.oracle.lengths import milliseconds

Told = tuple[str, int, str]
"""A sequence's id, the number of the connection, and what is told: `step:<id>` or the state with its reason."""


class Left(Exception):
    """The lead advances to another sequence."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


class Way:
    """A lead's way through one sequence: `until` is when it has to be asked again at the latest."""

    def __init__(self, definition: dict[str, Any], number: int, since: int) -> None:
        self.definition = definition
        self.number = number
        self.since = since
        self.connected = False
        self.replied = False
        self.answered: set[str] = set()
        self.given: set[str] = set()
        self.results: dict[str, str] = {}
        self.until: int | None = None
        self.walk: Iterator[int | None] = iter(())


class LeadInSequences:
    """One lead. `live`: the definitions that run, by id; change it and call `stopped`."""

    def __init__(self, live: dict[str, dict[str, Any]]) -> None:
        self.live = live
        self.now = 0
        self._time_passes = False  # a wait is over when it is looked at for that, not because something else happens
        self.facts: dict[str, Any] = {"status": "open", "status_reason": "new", "sales_ready": False}
        self.attributes: dict[str, Any] = {}
        self.merged = False
        self.ways: dict[str, Way] = {}
        self.numbers: dict[str, int] = {}
        self.told: list[Told] = []

    def connect(self, sequence_id: str, *, wait_ms: int = 0, occurred_ms: int | None = None) -> None:
        definition = self.live.get(sequence_id)
        if definition is None or sequence_id in self.ways or not self._open() or self._exits(definition):
            return
        self.numbers[sequence_id] = self.numbers.get(sequence_id, 0) + 1
        since = self.now if occurred_ms is None else occurred_ms
        way = self.ways[sequence_id] = Way(definition, self.numbers[sequence_id], since)
        if wait_ms:
            self._tell(way, "connecting")
        way.walk = self._whole(way, wait_ms)
        self._ask(sequence_id)

    def disconnect(self, sequence_id: str) -> None:
        if sequence_id in self.ways:
            self._leave(sequence_id, "disconnected (user)")

    def done(
        self, sequence_id: str, number: int, step_id: str, result: str | None = None, *, automatic: bool = False
    ) -> None:
        """`automatic`: a machine tells how it went; whether the step is done is for somebody else to say."""
        way = self.ways.get(sequence_id)
        if way is None or way.number != number or step_id not in way.given:
            return
        if not automatic:
            way.answered.add(step_id)
        if result is not None:
            way.results[step_id] = result
        self._ask(sequence_id)

    def reply(self, occurred_ms: int | None = None) -> None:
        at = self.now if occurred_ms is None else occurred_ms
        for sequence_id, way in sorted(self.ways.items()):
            if self.ways.get(sequence_id) is not way or at < way.since:
                continue
            if way.definition.get("exit", {}).get("on_reply", True):
                self._leave(sequence_id, "disconnected (exit_criterion_met)")
            else:
                way.replied = True
                self._ask(sequence_id)

    def change(self, *, attributes: dict[str, Any] | None = None, merged: bool = False, **fields: Any) -> None:
        self.facts.update(fields)
        self.attributes.update(attributes or {})
        self.merged = self.merged or merged
        for sequence_id, way in sorted(self.ways.items()):
            if self.ways.get(sequence_id) is not way:
                continue
            if not self._open():
                self._leave(sequence_id, "disconnected (lead_deactivated)")
            elif self._exits(way.definition):
                self._leave(sequence_id, "disconnected (exit_criterion_met)")
            else:
                self._ask(sequence_id)

    def stopped(self) -> None:
        for sequence_id in sorted(set(self.ways) - set(self.live)):
            self._leave(sequence_id, "disconnected (parent_deactivated)")

    def elapse(self, now: int) -> None:
        """Time goes on until then; what is due on the way happens when it is."""
        self._time_passes = True
        while times := [way.until for way in self.ways.values() if way.until is not None and way.until <= now]:
            self.now = max(self.now, min(times))
            for sequence_id, way in sorted(self.ways.items()):
                if self.ways.get(sequence_id) is way and way.until is not None and way.until <= self.now:
                    self._ask(sequence_id)
        self.now = now
        self._time_passes = False

    def _ask(self, sequence_id: str) -> None:
        way = self.ways[sequence_id]
        try:
            way.until = next(way.walk)
        except StopIteration:
            self._leave(sequence_id, "completed")
        except Left as left:
            if left.to not in self.live:
                self._leave(sequence_id, "error (advance_target_not_live)")
                return
            self._leave(sequence_id, "disconnected (advanced)")
            self.connect(left.to)

    def _whole(self, way: Way, wait_ms: int) -> Iterator[int | None]:
        yield from self._wait(wait_ms)
        self._tell(way, "connected")
        yield from self._steps(way, way.definition["steps"])

    def _steps(self, way: Way, steps: list[dict[str, Any]]) -> Iterator[int | None]:
        for step in steps:
            if "branch" in step:
                yield from self._branch(way, step)
            elif step["kind"] == "wait":
                yield from self._wait(milliseconds(step["for"]))
            elif step["kind"] == "advance":
                raise Left(step["to"])
            else:
                self._tell(way, f"step:{step['id']}")
                way.given.add(step["id"])
                while step["kind"] in {"email", "phone_call", "task"} and step["id"] not in way.answered:
                    yield None

    def _wait(self, length: int) -> Iterator[int | None]:
        until = self.now + length
        while length and not (self._time_passes and self.now >= until):
            yield until

    def _branch(self, way: Way, step: dict[str, Any]) -> Iterator[int | None]:
        test = step["branch"]
        until = self.now + milliseconds(test.get("within", "0s"))
        while (plain := self._plain(way, test)) is None and self.now < until:
            yield until
        if plain is None:
            plain = test.get("replied") is False
        yield from self._steps(way, step.get("yes" if plain else "no", []))

    def _plain(self, way: Way, test: dict[str, Any]) -> bool | None:
        if "when" in test:
            return True if self._is_so(test["when"]) else None
        if "replied" in test:
            return bool(test["replied"]) if way.replied else None
        return True if way.results.get(test["result_of"]) == test["equals"] else None

    def _open(self) -> bool:
        return self.facts["status"] == "open" and not self.merged

    def _exits(self, definition: dict[str, Any]) -> bool:
        when = definition.get("exit", {}).get("when")
        return when is not None and self._is_so(when)

    def _is_so(self, condition: dict[str, Any]) -> bool:
        return is_so(condition, self.facts, self.attributes)

    def _leave(self, sequence_id: str, how: str) -> None:
        self._tell(self.ways.pop(sequence_id), how)

    def _tell(self, way: Way, what: str) -> None:
        self.told.append((way.definition["id"], way.number, what))
