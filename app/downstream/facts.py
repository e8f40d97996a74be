"""What a downstream service knows of a lead: what the CRM says, and what our qualifications changed on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, field

from app.downstream.conditions import Values
from app.qualification.leads import MARKETING_QUALIFIED, OPEN, LeadChange
from app.qualification.utc import Moment, in_utc

_FIELDS = ("status", "status_reason", "sales_ready", "owner_id", "contact_id")
#: What qualifications set, and what they make of it.
_FLAGS: dict[str, Any] = {"status_reason": MARKETING_QUALIFIED, "sales_ready": True}


class Facts(Struct, omit_defaults=True, kw_only=True):
    """A lead as last heard of. As constructed: unknown, which is open, new and not sales ready.

    `changed_at`: occurred_at of the newest lead-changed; `qualified_at` and `qualified_flags`: of the newest
    qualification, and which flags it set. `merged`: the lead was merged into another, which closes it.
    `by_crm`: flags that a lead-changed set as qualifications do, and its occurred_at, until a qualification is read
    that tells of the same.
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
    by_crm: dict[str, Moment] = field(default_factory=dict)

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
        if new == _FLAGS.get(name):
            facts.by_crm[name] = at
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
    """Apply a lead-qualified event that is none repeated: its `changes`, its `occurred_at`, and what it knows besides.

    A flag among its changes was not set when the worker decided. So where an earlier qualification had set it, there
    was a reset between the two, read here or not: the flag became so once more. Where the CRM had set it, it became so
    once only as far as can be told. A qualification that is no later than that is what the CRM had heard of: it tells
    nothing new, whatever became of the flag since.

    Otherwise one dated before the newest lead-changed still sets its flags: the worker decided knowing that change.
    """
    at = in_utc(at)
    fields: dict[str, tuple[Any, Any]] = {}
    for name in _FLAGS:
        if name not in changes:
            continue
        old, new = getattr(facts, name), changes[name]["to"]
        by_crm = facts.by_crm.pop(name, None)
        if by_crm is not None and (at <= by_crm or new == old):
            continue
        setattr(facts, name, new)
        fields[name] = (old if new != old else changes[name]["from"], new)
    if facts.owner_id is None:
        facts.owner_id = owner_id
    if facts.contact_id is None:
        facts.contact_id = contact_id
    if facts.qualified_at is None or at >= facts.qualified_at:
        flags = {name for name in _FLAGS if name in changes}
        # two models, one event: both are the newest qualification
        flags.update(facts.qualified_flags if at == facts.qualified_at else ())
        facts.qualified_at, facts.qualified_flags = at, tuple(sorted(flags))
    return Changed(fields, {})
