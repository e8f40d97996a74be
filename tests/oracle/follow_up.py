"""When nobody has acted on a lead in time (docs/how-to/downstream.md, "Follow-up"), one event after the other.

Times are milliseconds of the clock that the caller passes as `now`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.oracle.conditions import is_so
from tests.oracle.known import KnownLead
from tests.oracle.lengths import milliseconds
from tests.oracle.reading import moment

Definition = dict[str, Any]
Told = tuple[str, int, str, int, str, str | None]
"""Follow-up, version, stage, how manieth time, event_id of what began it, owner."""


@dataclass
class _Clock:
    """The time that somebody has. `told`: so often that it is over."""

    due: int
    event_id: str
    occurred_at: datetime
    told: int = 0


class LeadInFollowUps:
    """One lead. `live`: version and definition of the follow-ups that run, by id; it may be changed at any time.

    `told`: what is overdue, in order. `clocks`: the times that run, by follow-up and stage.
    """

    def __init__(self, live: dict[str, tuple[int, Definition]]) -> None:
        self.live = live
        self.now = 0
        self.told: list[Told] = []
        self.erased()

    @property
    def next_time(self) -> int | None:
        """When something is due at the earliest."""
        return min((clock.due for clock in self.clocks.values()), default=None)

    def erased(self) -> None:
        """A lead-changed without value."""
        self.lead = KnownLead()
        self.clocks: dict[tuple[str, str], _Clock] = {}
        self.model: str | None = None
        self.owner: str | None = None
        self.seen: set[str] = set()

    def changed(self, message: dict[str, Any]) -> None:
        """A lead-changed. A closed lead is no longer watched; another status reason by hand is an act of sales."""
        became = self.lead.change(message)
        if became is None:
            return
        if not self.lead.open:
            self.clocks.clear()
        elif became.get("status_reason", "marketing_qualified") != "marketing_qualified":
            self._act(message)

    def merged(self, message: dict[str, Any]) -> None:
        """A lead-merged, of which the lead is the loser."""
        self.lead.merged = True
        self.clocks.clear()

    def qualified(self, message: dict[str, Any]) -> None:
        """A lead-qualified: somebody is to get the lead."""
        if self._is_new(message):
            self.lead.qualify(message)
            self.model = message["qualification_model_id"]
            self._begin("lead-qualified", message)

    def assigned(self, message: dict[str, Any]) -> None:
        """A lead-assigned: whoever has got the lead is to act. Where nobody has, nobody is late who had it.

        A notice that the owner departed is none.
        """
        if "owner_departed" in message:
            return
        if not self._is_new(message):
            return
        self.owner = message["owner"]["id"] if "owner" in message else None
        over = "lead-qualified" if "owner" in message else "lead-assigned"
        self.clocks = {at: clock for at, clock in self.clocks.items() if at[1] != over}
        if "owner" in message:
            self._begin("lead-assigned", message)

    def responded(self, message: dict[str, Any]) -> None:
        """A lead-sales-response."""
        self._act(message)

    def done(self, message: dict[str, Any]) -> None:
        """An activity-completed. An automated email is nobody's act, nor is what a machine answered by itself."""
        if message["kind"] != "automated_email" and message.get("automatic") is not True:
            self._act(message)

    def wake(self) -> None:
        """Time has come to now: what is due by then is told, once; the next time follows from now."""
        for (name, stage), clock in sorted(self.clocks.items()):
            if clock.due > self.now:
                continue
            version, definition = self.live.get(name, (0, {"stages": []}))
            wanted = next((one for one in definition["stages"] if one["on"] == stage), None)
            if wanted is None:
                del self.clocks[name, stage]
                continue
            clock.told += 1
            owner = self.owner or self.lead.own.get("owner_id")
            self.told.append((name, version, stage, clock.told, clock.event_id, owner))
            if "repeat" in wanted and clock.told <= wanted["repeat"]["times"]:
                clock.due = self.now + milliseconds(wanted["repeat"]["every"])
            else:
                del self.clocks[name, stage]

    def _is_new(self, message: dict[str, Any]) -> bool:
        if message["event_id"] in self.seen:
            return False
        self.seen.add(message["event_id"])
        return True

    def _begin(self, stage: str, message: dict[str, Any]) -> None:
        for name, (_, definition) in self.live.items():
            for one in definition["stages"]:
                runs = stage == "lead-qualified" and (name, stage) in self.clocks
                if one["on"] != stage or runs or not self._is_meant(definition):
                    continue
                due = self.now + milliseconds(one["within"])
                self.clocks[name, stage] = _Clock(due, message["event_id"], moment(message["occurred_at"]))

    def _is_meant(self, definition: Definition) -> bool:
        return (
            self.lead.open
            and ("models" not in definition or self.model in definition["models"])
            and is_so(definition.get("when"), self.lead.own, self.lead.attributes)
        )

    def _act(self, message: dict[str, Any]) -> None:
        """Somebody did something. What was done before that occurred which began a time is no act on it."""
        at = moment(message["occurred_at"])
        self.clocks = {name: clock for name, clock in self.clocks.items() if clock.occurred_at > at}
