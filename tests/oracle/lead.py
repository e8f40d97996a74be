"""What the worker holds of a lead, and how scores and changes enter it (docs/explanation/how-it-works.md)."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.reading import moment

Scores = dict[str, tuple[float, datetime, str | None]]
"""By scoring model: the score, when it was so, and the grade if it has one."""


@dataclass
class Past:
    """A qualification of the lead that has happened. `flags`: the attributes that it changed.

    `of_another`: it came with a lead that was merged into this one, so it changed nothing here.
    """

    model: str
    version: int
    number: int
    at: datetime
    trigger: str
    flags: frozenset[str]
    cleared: bool = False
    dropped: bool = False
    of_another: bool = False
    rejected: datetime | None = None
    barred: bool = False
    not_before: datetime | None = None


@dataclass
class Holding:
    """Criteria of a model are met, and must stay so for a while."""

    version: int
    at: datetime
    trigger: dict[str, Any]


@dataclass
class Erased:
    """What counts of an erased lead, as long as a merge may be on its way: who qualified it, and its survivor."""

    marks: list[Past] = field(default_factory=list)
    merged: tuple[str, datetime] | None = None


@dataclass
class Lead:
    """An unknown lead, as constructed."""

    now: dict[str, Any] = field(
        default_factory=lambda: {"status": "open", "status_reason": "new", "sales_ready": False}
    )
    attributes: dict[str, Any] = field(default_factory=dict)
    scores: Scores = field(default_factory=dict)
    changed_at: datetime | None = None
    past: list[Past] = field(default_factory=list)
    holding: dict[str, Holding] = field(default_factory=dict)
    merged_into: str | None = None
    merged_at: datetime | None = None
    merged_before_erased: bool = False
    """What was merged was erased afterwards: whatever comes late of it is its survivor's."""
    reset: bool = False
    """The newest change took a flag back or reopened the lead."""
    put_back: tuple[datetime, frozenset[str]] | None = None
    """When a rejection put flags back, and which a qualification had set."""

    def score(self, scoring_model: str, value: float, at: datetime, grade: str | None) -> bool:
        """False: stale, not applied."""
        if scoring_model in self.scores and at < self.scores[scoring_model][1]:
            return False
        self.scores[scoring_model] = (value, at, grade or None)
        return True

    def change(self, told: dict[str, Any]) -> bool:
        """False: stale, not applied."""
        at = moment(told["occurred_at"])
        if self.changed_at is not None and at < self.changed_at:
            return False
        if self.merged_before_erased:  # the CRM has made a new lead of this id
            self.merged_into, self.merged_at, self.merged_before_erased = None, None, False
        self.changed_at = at
        # "A lead-changed dated before our newest qualification neither resets nor overwrites the flags which that set."
        newest, flags = self.newest()
        overtaken = newest is not None and at < newest
        kept = flags if overtaken else frozenset()
        before = dict(self.now)
        for name in ("status", "status_reason", "sales_ready", "owner_id", "contact_id"):
            if name in told and name not in kept:
                self.now[name] = told[name]
        for name, value in told.get("attributes", {}).items():
            self.attributes[name] = value
        self.now = {name: value for name, value in self.now.items() if value is not None}
        self.attributes = {name: value for name, value in self.attributes.items() if value is not None}
        left = before["status_reason"] == "marketing_qualified" and self.now["status_reason"] != "marketing_qualified"
        lowered = before["sales_ready"] and not self.now["sales_ready"]
        reopened = before["status"] != "open" and self.now["status"] == "open"
        self.reset = left or lowered or reopened
        if self.reset and not overtaken:
            self.holding.clear()
            for one in self.past:
                if not one.barred or (one.rejected is not None and at > one.rejected):
                    one.cleared, one.barred = True, False
        return True

    def newest(self) -> tuple[datetime | None, frozenset[str]]:
        """What we did last to the lead's flags by occurred_at, and to which: a qualification, or putting it back."""
        done = [(one.at, one.flags) for one in self.past if not one.of_another]
        done += [self.put_back] if self.put_back is not None else []
        last = max((at for at, _ in done), default=None)
        return last, frozenset(flag for at, flags in done if at == last for flag in flags)

    def reject(
        self, at: datetime, rules: dict[str, tuple[bool, timedelta | None]]
    ) -> tuple[Past | None, dict[str, Any]]:
        """Sales rejected what these models qualified: may each qualify again, and how long after that?

        Which qualification is taken back, and what the CRM is told to change; nothing if nothing is.
        """
        last, flags = self.newest()
        undone: list[Past] = []
        for mark in self.marks():
            answered = mark.at >= at or (mark.rejected is not None and mark.rejected >= at)
            if mark.model not in rules or answered:
                continue
            again, cool_down = rules[mark.model]
            if again and mark.at == last:
                undone.append(mark)
            mark.rejected, mark.barred, mark.cleared = at, not again, again
            mark.not_before = at + cool_down if again and cool_down is not None else None
        closed = (
            self.merged_into is not None or self.now["status"] != "open" or self.now["status_reason"] == "qualified"
        )
        if not undone or closed:
            return None, {}
        # what a model set that may not qualify it again stays
        own = [one for one in self.past if one.at == last and not one.of_another]
        ours = flags - {flag for one in own if one.barred for flag in one.flags}
        before, later = dict(self.now), self.changed_at is not None and self.changed_at > at
        if not later and "status_reason" in ours and self.now["status_reason"] == "marketing_qualified":
            self.now["status_reason"] = "new"
        if not later and "sales_ready" in ours:
            self.now["sales_ready"] = False
        self.put_back = (at, flags)
        return undone[0], {
            name: {"from": before[name], "to": self.now[name]}
            for name in ("status_reason", "sales_ready")
            if before[name] != self.now[name]
        }

    def merge(self, survivor: str, at: datetime) -> bool:
        """False: stale, not applied."""
        if self.merged_at is not None and at < self.merged_at:
            return False
        self.merged_into, self.merged_at = survivor, at
        self.merged_before_erased = False
        self.holding.clear()
        return True

    def inherit(self, scores: Scores, marks: list[Past]) -> list[str]:
        """What a lead that was merged into this one had. Flags are untouched, and nobody qualifies by it.

        Returns the scoring models whose scores changed.
        """
        newer = [name for name, (_, at, _) in scores.items() if name not in self.scores or self.scores[name][1] < at]
        self.scores |= {name: scores[name] for name in newer}
        for theirs in marks:
            own = self.newest_of(theirs.model)
            both = [theirs] if own is None else [own, theirs]
            united = copy(max(both, key=lambda one: (one.at, one.version, one.trigger)))
            united.number = max(one.number for one in both)
            united.cleared, united.dropped = all(one.cleared for one in both), all(one.dropped for one in both)
            refused = [one.rejected for one in both if one.barred and one.rejected is not None]
            dates = [one.rejected for one in both if one.rejected is not None]
            united.barred, united.rejected = bool(refused), max(refused or dates, default=None)
            united.not_before = max((one.not_before for one in both if one.not_before is not None), default=None)
            united.flags, united.of_another = frozenset(), True
            self.past.append(united)
        return newer

    def marks(self) -> list[Past]:
        """The newest of each model."""
        return [mark for name in sorted({one.model for one in self.past}) if (mark := self.newest_of(name)) is not None]

    def newest_of(self, model: str) -> Past | None:
        """The mark that a model holds on the lead, cleared or not."""
        return next((one for one in reversed(self.past) if one.model == model), None)
