"""What is held about one lead, and how scores, CRM changes and qualifications enter it."""

from datetime import datetime
from enum import IntEnum
from math import ceil
from sys import intern
from typing import Any, Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

from lead_qualifier.qualification.criteria import CriterionEvidence
from lead_qualifier.qualification.flags import FLAGS, FlagChanges, FlagName
from lead_qualifier.qualification.lead_fields import OPEN
from lead_qualifier.qualification.rules import RuledModel
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, Moment


# None of these structs can be part of a reference cycle. At hundreds of thousands of leads, garbage collection that
# walks them costs a third of the throughput, so it is told not to (gc=False).
class Score(Struct, frozen=True, omit_defaults=True, gc=False):
    """A lead's current score on one scoring model."""

    value: float
    """The score."""
    at: Moment
    """`occurred_at` of the event that reported it."""
    grade: str | None = None
    """The engine's grade for the score. Absent: it gave none, or an older version stored the score."""


class Mark(Struct, frozen=True, omit_defaults=True, gc=False):
    """A qualification model has qualified the lead.

    A mark is never removed, because its number keeps rising.
    """

    version: int
    """Version of the model that qualified the lead."""
    number: int
    """How many times the model has qualified the lead: 1 for the first."""
    at: Moment
    """`occurred_at` of the triggering event."""
    trigger: str
    """`event_id` of the triggering event."""
    cleared: bool = False
    """Whether the CRM has since reset or reopened the lead, or a rejection by sales has recycled it."""
    dropped: bool = False
    """Whether the scores have since fallen below the criteria (policy `on_recross`)."""
    rejected: Moment | None = None
    """When sales rejected the lead."""
    barred: bool = False
    """Whether sales rejected the lead for good: the model qualifies it again only after the CRM has reset it."""
    not_before: Moment | None = None
    """After a rejection: nothing that occurred before this time qualifies the lead again."""


Origin = Literal["live", "sweep", "fast_track"]
"""What a qualification goes back to: an event of the lead, the publish command over existing leads, or a change of the
lead by which it takes the fast track.
"""


class Trigger(Struct, frozen=True, omit_defaults=True, gc=False):
    """The record that something was decided on."""

    event_id: str
    """`event_id` of the record, or `command_id` if it is a command."""
    topic: str
    """Topic of the record, without the installation's prefix."""
    partition: int
    """Partition of the record."""
    offset: int
    """Offset of the record."""
    traceparent: str | None = None
    """The trace (W3C Trace Context) that the record belongs to, for what follows from it later."""
    tracestate: str | None = None
    """What tracing systems have added to that trace: 512 bytes at most."""


class Hold(Struct, frozen=True, gc=False):
    """The criteria of a qualification model are met, and the lead qualifies once they have stayed met for a while."""

    version: int
    """Version of the model; another version starts a new hold."""
    due: Moment
    """When the lead qualifies if the criteria stay met until then (wall clock)."""
    at: Moment
    """`occurred_at` of the event that started the hold."""
    origin: Literal["live", "sweep"]
    """What started the hold. `live`: an event of the lead; `sweep`: the publish command."""
    trigger: Trigger
    """The record that started the hold."""

    @property
    def due_ms(self) -> int:
        """`due` in milliseconds since 1970, rounded up: not before that moment."""
        return ceil(self.due.timestamp() * 1000)


class Erased(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What is remembered of an erased lead while records sent to it before may still arrive.

    It does not bring the lead back, and keeps the lead it may be merged into from qualifying twice.
    """

    at_ms: int
    """Time of the record that erased the lead, in milliseconds since 1970."""
    until_ms: int
    """When this is forgotten (wall clock), in milliseconds since 1970."""
    marks: dict[str, Mark] = field(default_factory=dict)
    """Which models had qualified the lead, by model id: for the lead that it may be merged into."""
    merged: bool = False
    """Whether the lead had been merged before it was erased."""


class Lead(Struct, omit_defaults=True, kw_only=True, gc=False):
    """Everything held about one lead.

    As constructed: an unknown lead, which is open, new and not sales ready.
    """

    status: str = OPEN
    """The lead's status."""
    status_reason: str = "new"
    """The reason for the status."""
    sales_ready: bool = False
    """Whether the lead is sales ready."""
    known: bool = False
    """Whether the CRM has reported the lead (`lead-changed`)."""
    owner_id: str | None = None
    """Who owns the lead."""
    contact_id: str | None = None
    """The contact behind the lead."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """Further facts from the CRM, by name."""
    changed_at: Moment | None = None
    """`occurred_at` of the newest `lead-changed`."""
    scores: dict[str, Score] = field(default_factory=dict)
    """Current scores, by scoring model id."""
    marks: dict[str, Mark] = field(default_factory=dict)
    """Which models have qualified the lead, by qualification model id."""
    qualified_at: Moment | None = None
    """`occurred_at` of the newest qualification's trigger or, once sales has rejected that one, of the rejection."""
    qualified_flags: tuple[FlagName, ...] = ()
    """The flags that the newest qualification set. An older `lead-changed` does not overwrite them."""
    holds: dict[str, Hold] = field(default_factory=dict)
    """Criteria that are met and must stay met for a while, by qualification model id."""
    merged_into: str | None = None
    """The lead that this one was merged into. A merged lead is closed, whatever its status, and cannot qualify."""
    merged_at: Moment | None = None
    """`occurred_at` of the newest `lead-merged`."""
    erasure: int | None = None
    """Offset in `lead-changed` of the record that erased the lead, while records sent to it before may still arrive:
    they are dropped.
    """
    erased: Erased | None = None
    """What is remembered of the erased lead. Older versions did not write this."""


class EligibilityScore(Struct, gc=False):
    """A lead's current score on one scoring model."""

    value: float


S = TypeVar("S", Score, EligibilityScore)


class EligibilityView(Struct, Generic[S], kw_only=True, gc=False):
    """The fields of a stored lead that decide eligibility. Decodes in half the time of a Lead, for sweeps.

    With an EligibilityScore in place of each Score where models ask for thresholds only: that saves another 7 %.
    """

    status: str = OPEN
    status_reason: str = "new"
    known: bool = False
    scores: dict[str, S] = field(default_factory=dict)
    merged_into: str | None = None


class AudienceView(EligibilityView[Score], kw_only=True, gc=False):
    """The same with all fields that conditions look at, for models that name an audience."""

    sales_ready: bool = False
    owner_id: str | None = None
    contact_id: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


class LeadChange(Struct, frozen=True, kw_only=True):
    """What the CRM says of a lead. An absent field keeps its value; None clears an id, or one attribute."""

    occurred_at: Moment
    status: str | UnsetType = UNSET
    status_reason: str | UnsetType = UNSET
    sales_ready: bool | UnsetType = UNSET
    owner_id: str | UnsetType | None = UNSET
    contact_id: str | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


class Qualification(Struct, frozen=True):
    """A model qualifies the lead.

    `number`: which qualification by this model, from 1. `criteria`: how each one stood. `changes`: (from, to)
    of each attribute that changes, empty only where the lead is marked and its scores crossed the criteria again. `at`:
    `occurred_at` of the trigger.
    """

    model: RuledModel
    number: int
    criteria: tuple[CriterionEvidence, ...]
    changes: FlagChanges
    at: datetime


def record_score(lead: Lead, scoring_model_id: str, value: float, at: datetime, grade: str | None = None) -> bool:
    """Hold a score. False: it is older than the one held (stale), and nothing changed. Equal times: applied."""
    held = lead.scores.get(scoring_model_id)
    if held is None:
        # A few names on hundreds of thousands of leads: share one string.
        lead.scores[intern(scoring_model_id)] = Score(value, at, grade)
    elif at < held.at:
        return False
    else:
        lead.scores[scoring_model_id] = Score(value, at, grade)
    return True


#: Laid out for what runs for every change: name and qualified value of each flag.
_QUALIFIED = tuple((flag.name, flag.qualified) for flag in FLAGS)


class ChangeResult(IntEnum):
    """What became of a change from the CRM."""

    STALE = 0
    """It is older than the change held, and nothing changed."""
    APPLIED = 1
    RESET = 2
    """Applied: it took a flag back, or reopened the lead."""


# This runs for every change: constants spare it the look-up in the enum.
_STALE, _APPLIED, _RESET = ChangeResult


def apply_change(lead: Lead, change: LeadChange) -> ChangeResult:
    """Apply what the CRM says, unless it is older than the change held. Equal times: applied.

    If it resets a flag or reopens the lead, every hold ends and every mark is cleared; the mark of a lead that sales
    rejected for good only if the change is later. A change dated before our newest qualification ends and clears none,
    and keeps the flags that this qualification set.
    """
    at = change.occurred_at
    if lead.changed_at is not None and at < lead.changed_at:
        return _STALE
    overtaken = lead.qualified_at is not None and at < lead.qualified_at
    kept = lead.qualified_flags if overtaken else ()
    reset = reopened = False
    if (status := change.status) is not UNSET and status != lead.status:
        reopened = status == OPEN
        lead.status = status
    for name, qualified in _QUALIFIED:
        value = getattr(change, name)
        if value is not UNSET and value != (held := getattr(lead, name)) and name not in kept:
            reset = reset or held == qualified
            setattr(lead, name, value)
    if change.owner_id is not UNSET:
        lead.owner_id = change.owner_id
    if change.contact_id is not UNSET:
        lead.contact_id = change.contact_id
    if change.attributes is not UNSET:
        _merge(lead.attributes, change.attributes)
    lead.known = True
    lead.changed_at = at
    if (reset or reopened) and not overtaken:
        lead.holds.clear()  # else the end of a hold would undo a reset by hand before the lead's next score
        for model_id, mark in lead.marks.items():
            if not mark.barred or (mark.rejected is not None and at > mark.rejected):
                lead.marks[model_id] = replace(mark, cleared=True, barred=False)
    return _RESET if reset or reopened else _APPLIED


def _merge(attributes: dict[str, Any], changed: dict[str, Any]) -> None:
    for name, value in changed.items():
        if value is None:
            attributes.pop(name, None)
        else:
            attributes[name] = value


def mark(lead: Lead, qualification: Qualification, trigger_event_id: str) -> None:
    """Carry a qualification out on the lead: set the flags it changes and hold the mark of its model."""
    at = qualification.at
    for name, (_, value) in qualification.changes.items():
        setattr(lead, name, value)
    model = qualification.model
    lead.holds.pop(model.id, None)
    lead.marks.pop(model.id, None)  # the order of marks is that of the qualifications
    lead.marks[model.id] = Mark(model.version, qualification.number, at, trigger_event_id)
    # Where the scores crossed the criteria again and nothing is left to change, the flags are meant all the same.
    flags = tuple(qualification.changes) or model.definition.actions.flags
    if lead.qualified_at is None or at > lead.qualified_at:
        lead.qualified_at = at
        lead.qualified_flags = flags
    elif at == lead.qualified_at:
        # Two models, one event: both are the newest qualification.
        lead.qualified_flags += tuple(flag for flag in flags if flag not in lead.qualified_flags)


def forget_implausible_times(lead: Lead, latest: datetime) -> None:
    """Take every time of the lead after `latest` for unknown, so that the next message about it is newer.

    Older versions accepted such times. What is held with one keeps its value. A date until which a rejected lead waits
    (`not_before`) may lie ahead, unless its rejection does.
    """
    mend_times(lead.scores, lead.marks, latest)
    for name, hold in lead.holds.items():
        if hold.at > latest and hold.at > hold.due:
            lead.holds[name] = replace(hold, at=hold.due)
    if lead.changed_at is not None and lead.changed_at > latest:
        lead.changed_at = EARLIEST_PLAUSIBLE
    if lead.qualified_at is not None and lead.qualified_at > latest:
        lead.qualified_at = EARLIEST_PLAUSIBLE
    if lead.merged_at is not None and lead.merged_at > latest:
        lead.merged_at = EARLIEST_PLAUSIBLE


def mend_times(scores: dict[str, Score], marks: dict[str, Mark], latest: datetime) -> None:
    """Take every time of these scores and marks after `latest` for unknown."""
    for name, score in scores.items():
        if score.at > latest:
            scores[name] = replace(score, at=EARLIEST_PLAUSIBLE)
    for name, held in marks.items():
        if held.at > latest:
            marks[name] = replace(held, at=EARLIEST_PLAUSIBLE)
        if held.rejected is not None and held.rejected > latest:
            marks[name] = replace(marks[name], rejected=EARLIEST_PLAUSIBLE, not_before=None)
