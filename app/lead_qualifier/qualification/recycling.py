"""How sales responds to a qualified lead, and how a rejected lead is recycled.

The CRM owns the flags: it is told which ones are taken back here, so that both hold the same.
"""

from collections.abc import Container
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.qualification.flags import FLAGS, FlagChanges, FlagName
from lead_qualifier.qualification.lead_fields import OPEN, QUALIFIED
from lead_qualifier.qualification.leads import Lead, Mark
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
    """Sales rejected the lead: every model that marked it, or the named one, follows its `on_rejection`.

    If the model may qualify the lead again, its mark is cleared, and the flags that the newest qualification set are
    taken back, unless the CRM has changed them or closed the lead since, or a model that may not qualify it again set
    them. What was taken back is returned beside the answer. If the model may not (with `requalification: never`,
    whatever `on_rejection` says), mark and flags stay until the CRM resets the lead after the rejection. A deleted
    model counts as one without `on_rejection`. A response is about earlier qualifications only: it is `stale` if there
    are none, or if all of them have been rejected since, and `unknown` if no mark is held. Then nothing changes.
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
    """The flags that models which may not qualify the lead again set at the newest qualification."""
    newest = [(name, mark) for name, mark in lead.marks.items() if mark.at == lead.qualified_at]
    triggers = list(dict.fromkeys(mark.trigger for _, mark in newest))  # events may have the same time
    set_by: dict[FlagName, Mark] = {}
    for name, mark in sorted(newest, key=lambda one: (triggers.index(one[1].trigger), one[0])):
        if (model := rules.models.get(name)) is not None:
            for flag in model.definition.actions.flags:
                set_by.setdefault(flag, mark)
    return {flag for flag, mark in set_by.items() if mark.barred}


def _take_back(lead: Lead, at: datetime, kept: Container[FlagName]) -> FlagChanges:
    """Take back the flags of the newest qualification, except those `kept`. A late lead-changed that is older does not
    set them again.

    Nothing is taken back from a closed lead: in the CRM it is read-only.
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
