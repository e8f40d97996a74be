"""What a service behind the qualifier can know of a lead, by all that it has read of it so far, in that order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.oracle.reading import moment

_MADE_SO = {"status_reason": "marketing_qualified", "sales_ready": True}


class KnownLead:
    """Nothing is known of it, as constructed: it is open, new and not sales ready."""

    def __init__(self) -> None:
        self.own: dict[str, Any] = {"status": "open", "status_reason": "new", "sales_ready": False}
        self.attributes: dict[str, Any] = {}
        self.merged = False
        self.changes: list[tuple[datetime, dict[str, Any]]] = []
        self.qualifications: list[tuple[datetime, frozenset[str], datetime | None]] = []
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
        before = self.own
        self.changes.append((at, told))
        own: dict[str, Any] = {name: told[name] for name in ("status", "owner_id", "contact_id") if name in told}
        self.own = {name: value for name, value in {**self.own, **own}.items() if value is not None} | self._flags()
        attributes = {**self.attributes, **told.get("attributes", {})}
        self.attributes = {name: value for name, value in attributes.items() if value is not None}
        became = {name: self.own.get(name) for name in [*before, *self.own] if before.get(name) != self.own.get(name)}
        for name, value in _MADE_SO.items():
            if became.get(name) == value:
                self.set_by_crm[name].append(at)
        return became

    def qualify(self, told: dict[str, Any]) -> dict[str, Any]:
        """A lead-qualified that was not read before. The flags that became different by it, as far as that is known.

        A flag that it names was not set when the worker decided. What the CRM set without the worker knowing comes
        after that, and may be this very qualification, of which it had heard: it must not count twice.
        """
        known = told["lead"].get("changed_at")
        last_known = None if known is None else moment(known)
        before = self.own
        self.qualifications.append((moment(told["occurred_at"]), frozenset(told["changes"]), last_known))
        self.own = self.own | self._flags()
        if all(_knew(last_known, when) for when, _ in self.changes):
            heard = {"owner_id": told["lead"].get("owner_id"), "contact_id": told.get("contact_id")}
            self.own = {name: value for name, value in heard.items() if value is not None} | self.own
        became = {name: self.own[name] for name in _MADE_SO if self.own[name] != before[name]}
        for name, value in _MADE_SO.items():
            unknown = [when for when in self.set_by_crm[name] if not _knew(last_known, when)]
            if name in told["changes"]:
                became.pop(name, None)
                if not unknown:
                    became[name] = value
                unknown = unknown[1:]
            self.set_by_crm[name] = unknown
        return became

    def _flags(self) -> dict[str, Any]:
        """What the flags are, if all that was read so far happens in the order in which the worker had it.

        "A lead-changed dated before our newest qualification neither resets nor overwrites the flags which that set."
        """
        flags: dict[str, Any] = {"status_reason": "new", "sales_ready": False}
        to_come = list(self.changes)
        done: list[tuple[datetime, frozenset[str]]] = []
        for one in [*self.qualifications, None]:
            while to_come and (one is None or _knew(one[2], to_come[0][0])):
                at, told = to_come.pop(0)
                newest = max((when for when, _ in done), default=at)
                kept = {name for when, names in done if when == newest and at < newest for name in names}
                flags |= {name: told[name] for name in flags if name in told and name not in kept}
            if one is not None:
                done.append(one[:2])
                flags |= {name: _MADE_SO[name] for name in one[1]}
        return flags


def _knew(last_known: datetime | None, at: datetime) -> bool:
    return last_known is not None and at <= last_known
