"""The journeys that a lead enters (docs/how-to/downstream.md, "Journeys"), one event after the other.

Times are milliseconds of the clock that the caller passes as `now`.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.conditions import alike, is_so
from tests.oracle.known import KnownLead
from tests.oracle.lengths import milliseconds
from tests.oracle.reading import moment

Definition = dict[str, Any]
Told = tuple[str, int, int, str, dict[str, Any], str | None]
"""Journey, version, number of the entry, event_id of the trigger, payload, contact."""

_CARRIED = [{"field": name} for name in ("status", "status_reason", "sales_ready", "owner_id")]


class LeadInJourneys:
    """One lead. `live`: version and definition of the journeys that run, by id; it may be changed at any time.

    `told`: what is requested, in order. `waiting`: until when, and by which event, for entries that wait.
    """

    def __init__(self, live: dict[str, tuple[int, Definition]]) -> None:
        self.live = live
        self.now = 0
        self.told: list[Told] = []
        self.erased()

    @property
    def next_time(self) -> int | None:
        """When something is due at the earliest."""
        return min((due for due, _ in self.waiting.values()), default=None)

    def erased(self) -> None:
        """A lead-changed without value."""
        self.lead = KnownLead()
        self.entered: dict[str, list[int]] = {}
        self.waiting: dict[str, tuple[int, str]] = {}
        self.seen: set[str] = set()

    def changed(self, message: dict[str, Any]) -> None:
        """A lead-changed."""
        self._happened(message["event_id"], self.lead.change(message) or {})

    def merged(self, message: dict[str, Any]) -> None:
        """A lead-merged, of which the lead is the loser."""
        self.lead.merged = True
        self.waiting.clear()

    def qualified(self, message: dict[str, Any]) -> None:
        """A lead-qualified."""
        if message["event_id"] not in self.seen:
            self.seen.add(message["event_id"])
            self._happened(message["event_id"], self.lead.qualify(message), message["qualification_model_id"])

    def wake(self) -> None:
        """Time has come to now: what is due by then is decided."""
        for name, (due, event_id) in sorted(self.waiting.items()):
            if due <= self.now:
                del self.waiting[name]
                if name in self.live:
                    self._enter(name, event_id, waited=True)

    def _happened(self, event_id: str, became: dict[str, Any], model: str | None = None) -> None:
        for name, (_, definition) in sorted(self.live.items()):
            trigger = definition["trigger"]
            if "changed" in trigger:
                is_meant = _is_what(trigger, became)
            else:
                is_meant = model is not None and model in trigger.get("models", [model])
            if is_meant:
                self._enter(name, event_id)

    def _enter(self, name: str, event_id: str, *, waited: bool = False) -> None:
        definition = self.live[name][1]
        window, reentry = definition.get("window", {}), definition.get("reentry", {"policy": "never"})
        end = _clock(window["end"]) if "end" in window else None
        if (end is not None and self.now >= end) or not self._is_meant(definition, waited):
            return
        times = self.entered.setdefault(name, [])
        if times and reentry["policy"] == "never":
            return
        if "start" in window and self.now < _clock(window["start"]):
            self.waiting[name] = _clock(window["start"]), event_id
            return
        if times and "after" in reentry:
            again = times[-1] + milliseconds(reentry["after"])
            if self.now < again:
                if end is None or again < end:
                    self.waiting[name] = again, event_id
                return
        self.waiting.pop(name, None)
        times.append(self.now)
        self._tell(name, len(times), event_id)

    def _is_meant(self, definition: Definition, waited: bool) -> bool:
        lead, trigger = self.lead, definition["trigger"]
        if lead.merged:
            return False
        if waited and "changed" in trigger and not _is_what(trigger, lead.own):
            return False
        if not is_so(definition.get("when"), lead.own, lead.attributes):
            return False
        if "exclude" in definition and is_so(definition["exclude"], lead.own, lead.attributes):
            return False
        return definition.get("contact") != "required" or "contact_id" in lead.own

    def _tell(self, name: str, number: int, event_id: str) -> None:
        version, definition = self.live[name]
        payload = {}
        for one in definition.get("payload", _CARRIED):
            values, source = (
                (self.lead.own, one["field"]) if "field" in one else (self.lead.attributes, one["attribute"])
            )
            if source in values:
                payload[one.get("as", source)] = values[source]
        self.told.append((name, version, number, event_id, payload, self.lead.own.get("contact_id")))


def _is_what(trigger: dict[str, Any], values: dict[str, Any]) -> bool:
    """Is the field of a record trigger what it is to become?"""
    return trigger["changed"] in values and alike(values[trigger["changed"]], trigger["to"])


def _clock(text: str) -> int:
    return round(moment(text).timestamp() * 1000)
