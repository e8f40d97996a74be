"""What a downstream service knows of a lead: what the CRM says, and what our qualifications changed on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET, Struct, field

from lead_qualifier.downstream.conditions import Values
from lead_qualifier.messages.lead_flags import LEAD_FIELDS
from lead_qualifier.messages.topics import ERASURE_REMEMBERED
from lead_qualifier.qualification.flags import FLAGS
from lead_qualifier.qualification.leads import OPEN, LeadChange
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, Moment, in_utc

#: By flag: the value that a qualification sets.
_FLAGS: dict[str, Any] = {flag.name: flag.qualified for flag in FLAGS}
REMEMBERED_MS = ERASURE_REMEMBERED // timedelta(milliseconds=1)
"""So long it is remembered that a lead was erased."""
#: So often the CRM may set a flag until a qualification is read.
_REMEMBERED = 20


class Flag(Struct, omit_defaults=True):
    """What the CRM reported about a flag, so that it does not matter which topic is read first."""

    said: Any
    """The flag's value in the newest `lead-changed` that names it."""
    said_at: Moment
    """`occurred_at` of that `lead-changed`."""
    by_crm: list[Moment] = field(default_factory=list)
    """`occurred_at` of each `lead-changed` that gave the flag the value that qualifications give it, until a
    qualification is read that knew of them or made the same change.
    """


class Erased(Struct, frozen=True):
    """A lead was erased; remembered while records sent to it before may still arrive."""

    offset: int
    """Offset in `lead-changed` of the record that erased the lead."""
    until_ms: int
    """When this is forgotten (wall clock), in milliseconds since 1970."""

    def was_before(self, known: int | None, written_ms: int) -> bool:
        """Is a message about the lead from before that? `known`: its lead_changed_offset.

        None: an older version wrote it, and when (`written_ms`) has to do. Milliseconds since 1970.
        """
        if known is None:
            return written_ms < self.until_ms - REMEMBERED_MS
        return known <= self.offset


class LeadSnapshot(Struct, omit_defaults=True, kw_only=True):
    """What the service knows about a lead.

    As constructed: an unknown lead, which is open, new and not sales ready.
    """

    status: str = OPEN
    """The lead's status."""
    status_reason: str = "new"
    """The reason for the status."""
    sales_ready: bool = False
    """Whether the lead is sales ready."""
    owner_id: str | None = None
    """Who owns the lead."""
    contact_id: str | None = None
    """The contact behind the lead."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """Further facts from the CRM, by name."""
    changed_at: Moment | None = None
    """`occurred_at` of the newest `lead-changed`."""
    qualified_at: Moment | None = None
    """`occurred_at` of the newest `lead-qualified`."""
    qualified_flags: tuple[str, ...] = ()
    """The flags that this qualification set."""
    merged: bool = False
    """Whether the lead was merged into another, which closes it."""
    flags: dict[str, Flag] = field(default_factory=dict)
    """What the CRM reported about flags, by name."""
    erased: Erased | None = None
    """An earlier lead with this id was erased."""

    @property
    def open(self) -> bool:
        """Is there still something to be done about it?"""
        return self.status == OPEN and not self.merged

    def values(self) -> Values:
        """What conditions look at."""
        own = {name: value for name in LEAD_FIELDS if (value := getattr(self, name)) is not None}
        return Values(own, self.attributes)


class Changed(Struct, frozen=True):
    """What became different: field names, before and after; attributes by name, `None` where there was or is none."""

    fields: dict[str, tuple[Any, Any]]
    attributes: dict[str, tuple[Any, Any]]


def forget_implausible_times(facts: LeadSnapshot, latest: datetime) -> None:
    """Take every time after `latest` for unknown, as the worker does: it was accepted before such were refused."""
    if facts.changed_at is not None and facts.changed_at > latest:
        facts.changed_at = EARLIEST_PLAUSIBLE
    if facts.qualified_at is not None and facts.qualified_at > latest:
        facts.qualified_at = EARLIEST_PLAUSIBLE
    for flag in facts.flags.values():
        if flag.said_at > latest:
            flag.said_at = EARLIEST_PLAUSIBLE
        if any(at > latest for at in flag.by_crm):
            flag.by_crm = [at for at in flag.by_crm if at <= latest]


def apply_change(facts: LeadSnapshot, change: LeadChange) -> Changed | None:
    """Apply what the CRM says. None: it is older than what is held (stale), and nothing changed. Equal: applied.

    A change dated before our newest qualification keeps the flags which that one set, as the worker does.
    """
    at = in_utc(change.occurred_at)
    if facts.changed_at is not None and at < facts.changed_at:
        return None
    fields: dict[str, tuple[Any, Any]] = {}
    for name in LEAD_FIELDS:
        new, old = getattr(change, name), getattr(facts, name)
        if new is UNSET:
            continue
        flag = None
        if name in _FLAGS:
            before = facts.flags.get(name)
            flag = facts.flags[name] = Flag(new, at, [] if before is None else before.by_crm)
        if new == old or _kept(facts, name, at):
            continue
        setattr(facts, name, new)
        fields[name] = (old, new)
        if flag is not None and new == _FLAGS[name]:
            flag.by_crm = [*flag.by_crm, at][-_REMEMBERED:]
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


def _kept(facts: LeadSnapshot, name: str, at: datetime) -> bool:
    return facts.qualified_at is not None and at < facts.qualified_at and name in facts.qualified_flags


def apply_qualification(
    facts: LeadSnapshot,
    changes: dict[str, Any],
    at: datetime,
    *,
    left: dict[str, Any] | None = None,
    known_at: datetime | None = None,
    owner_id: str | None = None,
    contact_id: str | None = None,
) -> Changed:
    """Apply a lead-qualified event that is none repeated: its `changes`, its `occurred_at`, and what it knows besides.

    `known_at`: occurred_at of the newest lead-changed that the worker knew. All those are read by now, perhaps later
    ones too: these change the lead as they would have, read after it. `left`: flags as the qualification left them;
    one that sales rejected is back where it was.

    A flag among the changes became so. But what the CRM set without the worker knowing is taken for the same, which
    counts once: it may have heard of this qualification.
    """
    at = in_utc(at)
    known_at = None if known_at is None else in_utc(known_at)

    def unknown(moment: datetime) -> bool:
        return known_at is None or moment > known_at

    if facts.changed_at is None or not unknown(facts.changed_at):
        facts.owner_id = facts.owner_id or owner_id
        facts.contact_id = facts.contact_id or contact_id
    set_by_it = {name: changes[name]["to"] for name in _FLAGS if name in changes}
    left = {**(left or {}), **set_by_it}
    if facts.qualified_at is None or at >= facts.qualified_at:
        # where scores crossed the criteria again and nothing was left to change, the flags that stand are meant
        flags = set(set_by_it) or {name for name, made_so in _FLAGS.items() if left.get(name) == made_so}
        if at == facts.qualified_at:
            flags.update(facts.qualified_flags)  # two models, one event: both are the newest qualification
        facts.qualified_at, facts.qualified_flags = at, tuple(sorted(flags))
    fields: dict[str, tuple[Any, Any]] = {}
    for name, made_so in _FLAGS.items():
        old = getattr(facts, name)
        new, heard = left.get(name, old), False
        if (flag := facts.flags.get(name)) is not None:
            if unknown(flag.said_at) and not _kept(facts, name, flag.said_at):
                new = flag.said
            by_crm = list(filter(unknown, flag.by_crm))
            heard = bool(by_crm)
            flag.by_crm = by_crm[1:] if name in set_by_it else by_crm
        setattr(facts, name, new)
        if name not in set_by_it:
            if new not in {old, made_so}:  # it has become so before
                fields[name] = (old, new)
        elif not heard:
            fields[name] = (changes[name]["from"], set_by_it[name])
    return Changed(fields, {})
