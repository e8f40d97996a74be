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
        self.changes: list[datetime] = []
        self.qualifications: list[tuple[datetime, frozenset[str]]] = []
        self.made_so: dict[str, list[tuple[str, datetime]]] = {name: [] for name in _MADE_SO}
        """By whom a flag was set as qualifications set it, each time that it became so, and when."""

    @property
    def open(self) -> bool:
        return bool(self.own["status"] == "open") and not self.merged

    def change(self, told: dict[str, Any]) -> dict[str, Any] | None:
        """A lead-changed. The fields that became different, and what they became; None: stale."""
        at = moment(told["occurred_at"])
        if any(at < earlier for earlier in self.changes):
            return None
        self.changes.append(at)
        # "A lead-changed dated before our newest qualification neither resets nor overwrites the flags which that set."
        newest = max((when for when, _ in self.qualifications), default=at)
        kept = {name for when, flags in self.qualifications if when == newest and at < newest for name in flags}
        became: dict[str, Any] = {}
        for name in ("status", "status_reason", "sales_ready", "owner_id", "contact_id"):
            if name in told and name not in kept and told[name] != self.own.get(name):
                became[name] = told[name]
                if name in _MADE_SO and told[name] == _MADE_SO[name]:
                    self.made_so[name].append(("CRM", at))
        self.own = {name: value for name, value in {**self.own, **became}.items() if value is not None}
        attributes = {**self.attributes, **told.get("attributes", {})}
        self.attributes = {name: value for name, value in attributes.items() if value is not None}
        return became

    def qualify(self, told: dict[str, Any]) -> dict[str, Any]:
        """A lead-qualified that was not read before. The flags that became so by it.

        A flag that it names was not set when the worker decided. Who set it last, as far as is known here: a
        qualification, so that there must have been a reset since, which may be read later; or the CRM, perhaps because
        it had heard of this very qualification, which must not count twice.
        """
        at = moment(told["occurred_at"])
        self.qualifications.append((at, frozenset(told["changes"])))
        became = {}
        for name, value in _MADE_SO.items():
            if name not in told["changes"]:
                continue
            who, when = self.made_so[name][-1] if self.made_so[name] else ("nobody", at)
            self.made_so[name].append(("qualification", at))
            told_already = who == "CRM" and (at <= when or self.own[name] == value)
            if not told_already:
                self.own[name] = became[name] = value
        self.own.setdefault("owner_id", told["lead"].get("owner_id"))
        self.own.setdefault("contact_id", told.get("contact_id"))
        self.own = {name: value for name, value in self.own.items() if value is not None}
        return became
