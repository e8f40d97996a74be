"""What sales answered about a qualified lead, and how a rejected one is recycled.

The CRM owns the flags: what is taken back here is told to it, so that both hold the same.
"""

from collections.abc import Container
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.qualification.flags import FLAGS, FlagChanges, FlagName
from lead_qualifier.qualification.leads import OPEN, QUALIFIED, Lead, Mark
from lead_qualifier.qualification.models import OnRejection, Recycling
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import after

_AS_EMPTY = OnRejection()
_NEVER = Recycling(requalify=False)


class Answered(StrEnum):
    """What became of a response."""

    ACCEPTED = "accepted"
    RECYCLED = "recycled"
    BARRED = "barred"
    STALE = "stale"
    UNKNOWN = "unknown"


class Recycled(Struct, frozen=True):
    """A rejection took back flags of the lead.

    `model_id`: the model whose qualification was the newest (the first by id if one event led to several), and `mark`
    its mark since then. `changes`: (from, to) of each flag taken back, never empty. `at`: `occurred_at` of the
    response.
    """

    model_id: str
    mark: Mark
    changes: FlagChanges
    at: datetime


def reject(
    lead: Lead, at: datetime, rules: Rules, *, model_id: str | None = None, reason: str | None = None
) -> tuple[Answered, Recycled | None]:
    """Sales rejected the lead: every model that marked it, or the named one, goes by its `on_rejection`.

    May it qualify again: its mark is cleared, and the flags that our newest qualification set are taken back, unless
    the CRM changed them or closed the lead since, or a model set them that may not. What was taken back is returned
    beside the answer. May it not, as
    with `requalification: never` whatever `on_rejection` says: mark and flags stay, until the CRM resets the lead later
    than that. A deleted model recycles as one that says nothing. A response answers what was qualified before it:
    `stale` if nothing named was, or it was answered so before; `unknown` if no mark is held. Nothing changes then.
    """
    marks = {name: mark for name, mark in lead.marks.items() if model_id in {None, name}}
    if not marks:
        return Answered.UNKNOWN, None
    answered = {
        name: mark for name, mark in marks.items() if mark.at < at and (mark.rejected is None or mark.rejected < at)
    }
    newest: list[str] = []
    for name, mark in answered.items():
        rule = _rule(rules.models.get(name), reason)
        if not rule.requalify:
            lead.marks[name] = replace(mark, cleared=False, rejected=at, barred=True, not_before=None)
            continue
        if mark.at == lead.qualified_at:
            newest.append(name)
        not_before = None if rule.cool_down is None else after(at, rule.cool_down)
        lead.marks[name] = replace(mark, cleared=True, rejected=at, barred=False, not_before=not_before)
    if not answered:
        return Answered.STALE, None
    recycled = None
    if newest and (changes := _take_back(lead, at, _barred_flags(lead, rules))):
        recycled = Recycled(min(newest), lead.marks[min(newest)], changes, at)
    return Answered.BARRED if all(lead.marks[name].barred for name in answered) else Answered.RECYCLED, recycled


def accept(lead: Lead, at: datetime, *, model_id: str | None = None) -> Answered:
    """Sales accepted the lead: its marks stay as they are. Says what became of the response, as reject() does."""
    marks = [mark for name, mark in lead.marks.items() if model_id in {None, name}]
    if not marks:
        return Answered.UNKNOWN
    return Answered.ACCEPTED if any(mark.at < at for mark in marks) else Answered.STALE


def _rule(model: RuledModel | None, reason: str | None) -> Recycling:
    if model is None:
        return _AS_EMPTY.for_reason(reason)
    if model.definition.requalification.policy == "never":
        return _NEVER
    return (model.definition.on_rejection or _AS_EMPTY).for_reason(reason)


def _barred_flags(lead: Lead, rules: Rules) -> set[FlagName]:
    """What models that may not qualify the lead again have set at our newest qualification."""
    set_by: dict[FlagName, Mark] = {}
    for name, mark in sorted(lead.marks.items()):  # in the order in which they were evaluated
        if mark.at == lead.qualified_at and (model := rules.models.get(name)) is not None:
            for flag in model.definition.actions.flags:
                set_by.setdefault(flag, mark)
    return {flag for flag, mark in set_by.items() if mark.barred}


def _take_back(lead: Lead, at: datetime, kept: Container[FlagName]) -> FlagChanges:
    """The flags but those `kept` as before our newest qualification. An older lead-changed that still comes does not
    set them again.

    Of a closed lead nothing is taken back: in the CRM it is read-only.
    """
    if lead.status != OPEN or lead.status_reason == QUALIFIED or lead.merged_into is not None:
        return {}
    changes: FlagChanges = {}
    if lead.changed_at is None or lead.changed_at <= at:
        for flag in FLAGS:
            ours = flag.name in lead.qualified_flags and flag.name not in kept
            if ours and getattr(lead, flag.name) == flag.qualified:
                changes[flag.name] = (flag.qualified, flag.initial)
                setattr(lead, flag.name, flag.initial)
    lead.qualified_at = at
    return changes
