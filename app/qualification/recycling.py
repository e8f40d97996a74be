"""What sales answered about a qualified lead, and how a rejected one is recycled.

The CRM owns the flags, so nothing is told to it: what we hold is put back, so that the lead can qualify again.
"""

from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from app.qualification.leads import MARKETING_QUALIFIED, Lead
from app.qualification.models import OnRejection
from app.qualification.rules import Rules
from app.qualification.utc import after, in_utc

_AS_EMPTY = OnRejection()


class Answered(StrEnum):
    """What became of a response."""

    ACCEPTED = "accepted"
    RECYCLED = "recycled"
    BARRED = "barred"
    STALE = "stale"
    UNKNOWN = "unknown"


def reject(
    lead: Lead, at: datetime, rules: Rules, *, model_id: str | None = None, reason: str | None = None
) -> Answered:
    """Sales rejected the lead: every model that marked it, or the named one, goes by its `on_rejection`.

    May it qualify again: its mark is cleared, and the flags that our newest qualification set are as before it, unless
    the CRM changed them since. May it not: mark and flags stay, until the CRM resets the lead later than that. A
    deleted model recycles as one that says nothing. A response answers what was qualified before it: `stale` if nothing
    named was, or it was answered so before; `unknown` if no mark is held. Nothing changes then.
    """
    at = in_utc(at)
    marks = {name: mark for name, mark in lead.marks.items() if model_id in {None, name}}
    if not marks:
        return Answered.UNKNOWN
    answered = {
        name: mark for name, mark in marks.items() if mark.at < at and (mark.rejected is None or mark.rejected < at)
    }
    newest_answered = False
    for name, mark in answered.items():
        model = rules.models.get(name)
        rule = ((model.definition.on_rejection if model else None) or _AS_EMPTY).for_reason(reason)
        if not rule.requalify:
            lead.marks[name] = replace(mark, cleared=False, rejected=at, barred=True, not_before=None)
            continue
        newest_answered |= mark.at == lead.qualified_at
        not_before = None if rule.cool_down is None else after(at, rule.cool_down)
        lead.marks[name] = replace(mark, cleared=True, rejected=at, barred=False, not_before=not_before)
    if newest_answered:
        _put_back(lead, at)
    if not answered:
        return Answered.STALE
    return Answered.BARRED if all(lead.marks[name].barred for name in answered) else Answered.RECYCLED


def accept(lead: Lead, at: datetime, *, model_id: str | None = None) -> Answered:
    """Sales accepted the lead: its marks stay as they are. Says what became of the response, as reject() does."""
    at = in_utc(at)
    marks = [mark for name, mark in lead.marks.items() if model_id in {None, name}]
    if not marks:
        return Answered.UNKNOWN
    return Answered.ACCEPTED if any(mark.at < at for mark in marks) else Answered.STALE


def _put_back(lead: Lead, at: datetime) -> None:
    """Flags as before our newest qualification. An older lead-changed that still comes does not set them again."""
    if lead.changed_at is None or lead.changed_at <= at:
        if "status_reason" in lead.qualified_flags and lead.status_reason == MARKETING_QUALIFIED:
            lead.status_reason = "new"
        if "sales_ready" in lead.qualified_flags:
            lead.sales_ready = False
    lead.qualified_at = at
