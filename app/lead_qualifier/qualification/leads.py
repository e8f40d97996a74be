"""What is held about one lead, and how scores and CRM changes enter it. Erasing a lead is dropping its Lead."""

from collections.abc import Mapping
from datetime import UTC, datetime
from sys import intern
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

from lead_qualifier.qualification.utc import Moment, in_utc

OPEN = "open"
QUALIFIED = "qualified"
MARKETING_QUALIFIED = "marketing_qualified"

Flag = Literal["status_reason", "sales_ready"]
"""The attributes of a lead that a qualification sets."""


# None of these structs can be part of a reference cycle. At hundreds of thousands of leads, garbage collection that
# walks them costs a third of the throughput, so it is told not to (gc=False).
class Score(Struct, frozen=True, gc=False):
    """A lead's current score on one scoring model and when that was so (`occurred_at`)."""

    value: float
    at: Moment


class Mark(Struct, frozen=True, omit_defaults=True, gc=False):
    """A model qualified this lead: its version, the how manieth time, when (`occurred_at` of the trigger), and why.

    A cleared mark was re-opened by the CRM or recycled; it stays, because its number goes on rising. A dropped one is
    followed by scores below the model's criteria. `rejected`: when sales rejected the lead (see recycling.py);
    `barred`: the model does not qualify it again after that, `not_before`: nothing that occurred before does.
    """

    version: int
    number: int
    at: Moment
    trigger: str
    cleared: bool = False
    dropped: bool = False
    rejected: Moment | None = None
    barred: bool = False
    not_before: Moment | None = None


Origin = Literal["live", "sweep"]
"""What a qualification goes back to: an event of the lead, or the publish command over existing leads."""


class Trigger(Struct, frozen=True, gc=False):
    """The record that something was decided on: `event_id` (of a command its command_id), and where it stands.

    `topic` is the name without the installation's prefix.
    """

    event_id: str
    topic: str
    partition: int
    offset: int


class Hold(Struct, frozen=True, gc=False):
    """A model's criteria are met and must stay so until `due` (wall clock): then the lead qualifies.

    `at`: occurred_at of what began it; `origin` and `trigger` tell what that was. `version` of the model: another one
    begins anew.
    """

    version: int
    due: Moment
    at: Moment
    origin: Origin
    trigger: Trigger


class Erased(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What is remembered of a lead that was erased, for a while: what undoes nothing, and lets nobody qualify twice.

    `at_ms`: time of the record that erased it; `until_ms`: when this is forgotten, by the clock (milliseconds since
    1970). `marks`: that models qualified it, for the lead that it may be merged into. `merged`: it was merged before.
    """

    at_ms: int
    until_ms: int
    marks: dict[str, Mark] = field(default_factory=dict)
    merged: bool = False


class Lead(Struct, omit_defaults=True, kw_only=True, gc=False):
    """Everything held about one lead. As constructed: an unknown lead, which is open, new and not sales ready.

    `known`: a lead-changed is held. `scores` by scoring model id, `marks` by qualification model id.
    `qualified_at` and `qualified_flags`: our newest qualification by `occurred_at`, and which flags that one set; once
    sales rejected it, when it did.
    `holds` by qualification model id: what waits for its time.
    `merged_into`: the lead that this one was merged into, which closes it whatever its status; `merged_at`: when.
    `erasure`: offset in lead-changed of the record that erased it, while what was on its way to it may still come;
    `erased`: what is remembered of it meanwhile. Older versions did not write that.
    """

    status: str = OPEN
    status_reason: str = "new"
    sales_ready: bool = False
    known: bool = False
    owner_id: str | None = None
    contact_id: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    changed_at: Moment | None = None
    scores: dict[str, Score] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    qualified_at: Moment | None = None
    qualified_flags: tuple[Flag, ...] = ()
    holds: dict[str, Hold] = field(default_factory=dict)
    merged_into: str | None = None
    merged_at: Moment | None = None
    erasure: int | None = None
    erased: Erased | None = None


class EligibilityScore(Struct, gc=False):
    """A lead's current score on one scoring model."""

    value: float


class EligibilityView(Struct, kw_only=True, gc=False):
    """Of a lead, what says whether it comes into question at all: read in half the time where millions are walked."""

    status: str = OPEN
    status_reason: str = "new"
    known: bool = False
    scores: dict[str, EligibilityScore] = field(default_factory=dict)
    merged_into: str | None = None


class LeadChange(Struct, frozen=True, kw_only=True):
    """What the CRM says of a lead. An absent field keeps its value; None clears an id, or one attribute."""

    occurred_at: Moment
    status: str | UnsetType = UNSET
    status_reason: str | UnsetType = UNSET
    sales_ready: bool | UnsetType = UNSET
    owner_id: str | UnsetType | None = UNSET
    contact_id: str | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


def record_score(lead: Lead, scoring_model_id: str, value: float, at: datetime) -> bool:
    """Hold a score. False: it is older than the one held (stale), and nothing changed. Equal times: applied."""
    if at.tzinfo is not UTC:  # spares millions the call
        at = in_utc(at)
    held = lead.scores.get(scoring_model_id)
    if held is None:
        # A few names on hundreds of thousands of leads: share one string.
        lead.scores[intern(scoring_model_id)] = Score(value, at)
    elif at < held.at:
        return False
    else:
        lead.scores[scoring_model_id] = Score(value, at)
    return True


def scores_with(scores: Mapping[str, Score], scoring_model_id: str, held: Score | None) -> dict[str, Score]:
    """These scores with another on one scoring model; None: without any on it."""
    others = {name: score for name, score in scores.items() if name != scoring_model_id}
    return others if held is None else {**others, scoring_model_id: held}


def apply_change(lead: Lead, change: LeadChange) -> bool:
    """Apply what the CRM says. False: it is older than the change held (stale), and nothing changed. Equal: applied.

    A flag reset or a lead reopened clears every mark; one that sales rejected for good only if it is the later. A
    change dated before our newest qualification clears none and keeps the flags which that one set: we know better by
    now.
    """
    at = in_utc(change.occurred_at)
    if lead.changed_at is not None and at < lead.changed_at:
        return False
    overtaken = lead.qualified_at is not None and at < lead.qualified_at
    kept = lead.qualified_flags if overtaken else ()
    status, status_reason, sales_ready = lead.status, lead.status_reason, lead.sales_ready
    if change.status is not UNSET:
        lead.status = change.status
    if change.status_reason is not UNSET and "status_reason" not in kept:
        lead.status_reason = change.status_reason
    if change.sales_ready is not UNSET and "sales_ready" not in kept:
        lead.sales_ready = change.sales_ready
    if change.owner_id is not UNSET:
        lead.owner_id = change.owner_id
    if change.contact_id is not UNSET:
        lead.contact_id = change.contact_id
    if change.attributes is not UNSET:
        _merge(lead.attributes, change.attributes)
    lead.known = True
    lead.changed_at = at
    reset = (status_reason == MARKETING_QUALIFIED != lead.status_reason) or (sales_ready and not lead.sales_ready)
    reopened = status != OPEN and lead.status == OPEN
    if (reset or reopened) and not overtaken:
        for model_id, mark in lead.marks.items():
            if not mark.barred or (mark.rejected is not None and at > mark.rejected):
                lead.marks[model_id] = replace(mark, cleared=True, barred=False)
    return True


def _merge(attributes: dict[str, Any], changed: dict[str, Any]) -> None:
    for name, value in changed.items():
        if value is None:
            attributes.pop(name, None)
        else:
            attributes[name] = value


def copy_of(lead: Lead) -> Lead:
    """A lead of the same content that can change without the other: for deciding ahead of a commit."""
    return Lead(
        status=lead.status,
        status_reason=lead.status_reason,
        sales_ready=lead.sales_ready,
        known=lead.known,
        owner_id=lead.owner_id,
        contact_id=lead.contact_id,
        attributes=lead.attributes.copy(),
        changed_at=lead.changed_at,
        scores=lead.scores.copy(),
        marks=lead.marks.copy(),
        qualified_at=lead.qualified_at,
        qualified_flags=lead.qualified_flags,
        holds=lead.holds.copy(),
        merged_into=lead.merged_into,
        merged_at=lead.merged_at,
        erasure=lead.erasure,
        erased=lead.erased,
    )
