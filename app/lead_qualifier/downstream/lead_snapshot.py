"""What a downstream service knows about a lead: what the CRM reports, and what our qualifications changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET, Struct, field

from lead_qualifier.messages.topics import ERASURE_REMEMBERED
from lead_qualifier.qualification.conditions import Values, values_of
from lead_qualifier.qualification.flags import FLAGS
from lead_qualifier.qualification.lead_fields import LEAD_FIELDS, OPEN
from lead_qualifier.qualification.leads import LeadChange
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, Moment, in_utc

#: By flag: the value that a qualification sets.
_FLAGS: dict[str, Any] = {flag.name: flag.qualified for flag in FLAGS}
REMEMBERED_MS = ERASURE_REMEMBERED // timedelta(milliseconds=1)
"""How long an erasure is remembered."""
#: How many settings of a flag by the CRM are remembered until a qualification is read.
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
        """Does a message about the lead predate the erasure? `known`: its lead_changed_offset.

        None: an older version wrote it; then `written_ms` decides (milliseconds since 1970).
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
        return values_of(self)


class Changed(Struct, frozen=True):
    """What changed: values before and after by name of field or attribute; None for an attribute that is missing."""

    fields: dict[str, tuple[Any, Any]]
    attributes: dict[str, tuple[Any, Any]]


def forget_implausible_times(snapshot: LeadSnapshot, latest: datetime) -> None:
    """Treat every time after `latest` as unknown, as the worker does: earlier versions accepted such times."""
    if snapshot.changed_at is not None and snapshot.changed_at > latest:
        snapshot.changed_at = EARLIEST_PLAUSIBLE
    if snapshot.qualified_at is not None and snapshot.qualified_at > latest:
        snapshot.qualified_at = EARLIEST_PLAUSIBLE
    for flag in snapshot.flags.values():
        if flag.said_at > latest:
            flag.said_at = EARLIEST_PLAUSIBLE
        if any(at > latest for at in flag.by_crm):
            flag.by_crm = [at for at in flag.by_crm if at <= latest]


def apply_change(snapshot: LeadSnapshot, change: LeadChange) -> Changed | None:
    """Apply a change from the CRM. Returns None, and changes nothing, if it is older than the last one applied (stale).

    A change dated before our newest qualification does not overwrite the flags that this set, as in the worker.
    """
    at = in_utc(change.occurred_at)
    if snapshot.changed_at is not None and at < snapshot.changed_at:
        return None
    fields: dict[str, tuple[Any, Any]] = {}
    for name in LEAD_FIELDS:
        new, old = getattr(change, name), getattr(snapshot, name)
        if new is UNSET:
            continue
        flag = None
        if name in _FLAGS:
            before = snapshot.flags.get(name)
            flag = snapshot.flags[name] = Flag(new, at, [] if before is None else before.by_crm)
        if new == old or _kept(snapshot, name, at):
            continue
        setattr(snapshot, name, new)
        fields[name] = (old, new)
        if flag is not None and new == _FLAGS[name]:
            flag.by_crm = [*flag.by_crm, at][-_REMEMBERED:]
    attributes: dict[str, tuple[Any, Any]] = {}
    if change.attributes is not UNSET:
        for name, new in change.attributes.items():
            old = snapshot.attributes.get(name)
            if new == old and type(new) is type(old):
                continue
            attributes[name] = (old, new)
            if new is None:
                del snapshot.attributes[name]
            else:
                snapshot.attributes[name] = new
    snapshot.changed_at = at
    return Changed(fields, attributes)


def _kept(snapshot: LeadSnapshot, name: str, at: datetime) -> bool:
    return snapshot.qualified_at is not None and at < snapshot.qualified_at and name in snapshot.qualified_flags


def apply_qualification(
    snapshot: LeadSnapshot,
    changes: dict[str, Any],
    at: datetime,
    *,
    left: dict[str, Any] | None = None,
    known_at: datetime | None = None,
    owner_id: str | None = None,
    contact_id: str | None = None,
) -> Changed:
    """Apply a lead-qualified event that was not applied before: its `changes`, its `occurred_at`, and what it knew.

    `known_at`: occurred_at of the newest lead-changed that the worker knew. These have all been read by now, and later
    ones perhaps too: those change the lead as if they were read after this event. `left`: the flags after the
    qualification; a rejection by sales sets them back.

    A flag among the changes counts as changed, unless the CRM set it without the worker knowing. That is taken for the
    same change, and counts once: the CRM may have acted on this qualification.
    """
    at = in_utc(at)
    known_at = None if known_at is None else in_utc(known_at)

    def unknown(moment: datetime) -> bool:
        return known_at is None or moment > known_at

    if snapshot.changed_at is None or not unknown(snapshot.changed_at):
        snapshot.owner_id = snapshot.owner_id or owner_id
        snapshot.contact_id = snapshot.contact_id or contact_id
    set_by_it = {name: changes[name]["to"] for name in _FLAGS if name in changes}
    left = {**(left or {}), **set_by_it}
    if snapshot.qualified_at is None or at >= snapshot.qualified_at:
        # where scores crossed the criteria again and nothing was left to change, the flags that stand are meant
        flags = set(set_by_it) or {name for name, made_so in _FLAGS.items() if left.get(name) == made_so}
        if at == snapshot.qualified_at:
            flags.update(snapshot.qualified_flags)  # two models, one event: both are the newest qualification
        snapshot.qualified_at, snapshot.qualified_flags = at, tuple(sorted(flags))
    fields: dict[str, tuple[Any, Any]] = {}
    for name, made_so in _FLAGS.items():
        old = getattr(snapshot, name)
        new, heard = left.get(name, old), False
        if (flag := snapshot.flags.get(name)) is not None:
            if unknown(flag.said_at) and not _kept(snapshot, name, flag.said_at):
                new = flag.said
            by_crm = list(filter(unknown, flag.by_crm))
            heard = bool(by_crm)
            flag.by_crm = by_crm[1:] if name in set_by_it else by_crm
        setattr(snapshot, name, new)
        if name not in set_by_it:
            if new not in {old, made_so}:  # it has become so before
                fields[name] = (old, new)
        elif not heard:
            fields[name] = (changes[name]["from"], set_by_it[name])
    return Changed(fields, {})
