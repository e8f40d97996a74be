"""What a downstream service knows of a lead after the records that it has read so far, in that order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.oracle.reading import moment

_MADE_SO = {"status_reason": "marketing_qualified", "sales_ready": True}


class Erasures:
    """Which messages are about a lead that was erased: read late, they bring nothing back."""

    def __init__(self) -> None:
        self._last = -1

    def erased(self, offset: int) -> None:
        """By the record of lead-changed at this offset."""
        self._last = offset

    def concern(self, topic: str, told: dict[str, Any]) -> bool:
        """Is it about what was erased? Only our own messages tell of what was known of the CRM's."""
        ours = topic in {"lead-qualified", "lead-assigned"} and "lead_changed_offset" in told
        return ours and int(told["lead_changed_offset"]) <= self._last


class KnownLead:
    """Nothing is known of it, as constructed: it is open, new and not sales ready."""

    def __init__(self) -> None:
        self.own: dict[str, Any] = {"status": "open", "status_reason": "new", "sales_ready": False}
        self.attributes: dict[str, Any] = {}
        self.merged = False
        self.changes: list[tuple[datetime, dict[str, Any]]] = []
        self.qualifications: list[tuple[datetime, frozenset[str]]] = []
        """When, and which flags it set."""
        self.set_by_crm: dict[str, list[datetime]] = {name: [] for name in _MADE_SO}
        """When the CRM made a flag what qualifications make of it, unless a qualification was read that tells so."""

    @property
    def open(self) -> bool:
        return bool(self.own["status"] == "open") and not self.merged

    def change(self, told: dict[str, Any]) -> dict[str, Any] | None:
        """A lead-changed. The fields that became different, and what they became; None: stale."""
        at = moment(told["occurred_at"])
        if any(at < earlier for earlier, _ in self.changes):
            return None
        self.changes.append((at, told))
        became: dict[str, Any] = {}
        for name in ("status", "status_reason", "sales_ready", "owner_id", "contact_id"):
            if name not in told or told[name] == self.own.get(name):
                continue
            if name in _MADE_SO and self._overtaken(name, at):
                continue
            became[name] = told[name]
            if name in _MADE_SO and told[name] == _MADE_SO[name]:
                self.set_by_crm[name].append(at)
        self.own = {name: value for name, value in {**self.own, **became}.items() if value is not None}
        attributes = {**self.attributes, **told.get("attributes", {})}
        self.attributes = {name: value for name, value in attributes.items() if value is not None}
        return became

    def qualify(self, told: dict[str, Any]) -> dict[str, Any]:
        """A lead-qualified that was not read before. The flags that became different by it, as far as that is known.

        A flag that it names was not set when the worker decided. All changes that the worker knew are read by now, and
        perhaps others. What the CRM set without the worker knowing comes after that, and may be this very
        qualification, of which it had heard: it must not count twice.
        """
        known = told["lead"].get("changed_at")
        last_known = None if known is None else moment(known)
        set_by_it = {name: _MADE_SO[name] for name in _MADE_SO if name in told["changes"]}
        left = {name: told["lead"][name] for name in _MADE_SO if name in told["lead"]} | set_by_it
        # one that changes nothing means what it meant when it first qualified the lead: what stands, as far as is known
        meant = frozenset(set_by_it) or frozenset(name for name in left if left[name] == _MADE_SO[name])
        self.qualifications.append((moment(told["occurred_at"]), meant))
        if all(_knew(last_known, when) for when, _ in self.changes):
            heard = {"owner_id": told["lead"].get("owner_id"), "contact_id": told.get("contact_id")}
            self.own = {name: value for name, value in heard.items() if value is not None} | self.own
        became = {}
        for name, value in _MADE_SO.items():
            now = left.get(name, self.own[name])
            said = [(when, change[name]) for when, change in self.changes if name in change]
            if said and not _knew(last_known, said[-1][0]) and not self._overtaken(name, said[-1][0]):
                now = said[-1][1]  # by a change that came after it, in the order of the worker
            unknown = [when for when in self.set_by_crm[name] if not _knew(last_known, when)]
            if name in set_by_it and not unknown:
                became[name] = value
            elif name not in set_by_it and now not in {self.own[name], value}:
                became[name] = now
            self.set_by_crm[name] = unknown[1:] if name in set_by_it else unknown
            self.own[name] = now
        return became

    def _overtaken(self, name: str, at: datetime) -> bool:
        """What is dated before our newest qualification neither resets nor overwrites the flags which that set."""
        newest = max((when for when, _ in self.qualifications), default=at)
        return at < newest and any(name in flags for when, flags in self.qualifications if when == newest)


def _knew(last_known: datetime | None, at: datetime) -> bool:
    return last_known is not None and at <= last_known
