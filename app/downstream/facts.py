"""What a downstream service knows of a lead: what the CRM says, and what our qualifications changed on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, field

from app.downstream.conditions import Values
from app.qualification.leads import OPEN, LeadChange
from app.qualification.utc import Moment, in_utc

_FIELDS = ("status", "status_reason", "sales_ready", "owner_id", "contact_id")


class Facts(Struct, omit_defaults=True, kw_only=True):
    """A lead as last heard of. As constructed: unknown, which is open, new and not sales ready.

    `changed_at`: occurred_at of the newest lead-changed; `qualified_at` and `qualified_flags`: of the newest
    qualification, and which flags it set. `merged`: the lead was merged into another, which closes it.
    """

    status: str = OPEN
    status_reason: str = "new"
    sales_ready: bool = False
    owner_id: str | None = None
    contact_id: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    changed_at: Moment | None = None
    qualified_at: Moment | None = None
    qualified_flags: tuple[str, ...] = ()
    merged: bool = False

    @property
    def open(self) -> bool:
        """Is there still something to be done about it?"""
        return self.status == OPEN and not self.merged

    def values(self) -> Values:
        """What conditions look at."""
        own = {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}
        return Values(own, self.attributes)


class Changed(Struct, frozen=True):
    """What became different: field names, before and after; attributes by name, `None` where there was or is none."""

    fields: dict[str, tuple[Any, Any]]
    attributes: dict[str, tuple[Any, Any]]


def apply_change(facts: Facts, change: LeadChange) -> Changed | None:
    """Apply what the CRM says. None: it is older than what is held (stale), and nothing changed. Equal: applied.

    A change dated before our newest qualification keeps the flags which that one set, as the worker does.
    """
    at = in_utc(change.occurred_at)
    if facts.changed_at is not None and at < facts.changed_at:
        return None
    overtaken = facts.qualified_at is not None and at < facts.qualified_at
    fields: dict[str, tuple[Any, Any]] = {}
    for name in _FIELDS:
        new = getattr(change, name)
        old = getattr(facts, name)
        if new is UNSET or new == old or (overtaken and name in facts.qualified_flags):
            continue
        setattr(facts, name, new)
        fields[name] = (old, new)
    attributes: dict[str, tuple[Any, Any]] = {}
    if change.attributes is not UNSET:
        for name, new in change.attributes.items():
            old = facts.attributes.get(name)
            if new == old and type(new) is type(old):
                continue
            attributes[name] = (old, new)
            if new is None:
                del facts.attributes[name]
            else:
                facts.attributes[name] = new
    facts.changed_at = at
    return Changed(fields, attributes)


def apply_qualification(
    facts: Facts, changes: dict[str, Any], at: datetime, *, owner_id: str | None = None, contact_id: str | None = None
) -> Changed:
    """Apply a lead-qualified event: its `changes`, its `occurred_at`, and what it knows besides.

    A qualification dated before the newest lead-changed still sets its flags: the worker decided knowing that change,
    or will see it as a reset.
    """
    at = in_utc(at)
    fields: dict[str, tuple[Any, Any]] = {}
    for name in ("status_reason", "sales_ready"):
        if name in changes and changes[name]["to"] != getattr(facts, name):
            fields[name] = (getattr(facts, name), changes[name]["to"])
            setattr(facts, name, changes[name]["to"])
    if facts.owner_id is None:
        facts.owner_id = owner_id
    if facts.contact_id is None:
        facts.contact_id = contact_id
    if facts.qualified_at is None or at >= facts.qualified_at:
        facts.qualified_at = at
        facts.qualified_flags = tuple(sorted(name for name in ("status_reason", "sales_ready") if name in changes))
    return Changed(fields, {})
