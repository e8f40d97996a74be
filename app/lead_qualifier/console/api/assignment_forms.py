"""What the API answers about sellers, and about who has or waits for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sentence, with_example

_AT = "2026-11-23T09:30:00Z"
_NO_CAPACITY = {
    "code": "no_capacity",
    "text": "the eligible sellers who are available have no capacity left",
}
_SELLER: dict[str, Any] = {
    "seller_id": "S-1",
    "name": "Ada Keller",
    "status": "active",
    "assigned": 4,
    "maximum": 10,
    "remaining": 6,
    "available": True,
    "available_from": _AT,
    "attributes": {"language": "de"},
    "time_zone": "Europe/Berlin",
    "work_hours": {"mon": [["09:00", "17:00"]]},
    "days_off": ["2026-12-24"],
}
_WAITING: dict[str, Any] = {
    "lead_id": "L-1002",
    "place": 1,
    "qualification_model_id": "enterprise",
    "qualified_at": _AT,
    "result": "no_capacity",
    "reason": _NO_CAPACITY,
    "next_result": "no_capacity",
    "assignment_id": "inside-sales",
    "segment": "german",
    "rule": "german-speaking",
}


class SellerDetails(Form):
    """A seller: when they work, and how many leads they can take."""

    model_config = with_example(_SELLER)

    seller_id: str
    name: str | None = None
    status: Literal["active", "inactive", "left"] = Field(description="`left`: deleted, but leads are still assigned.")
    assigned: int = Field(description="How many leads take capacity now.")
    maximum: int | None = Field(None, description="Absent: there is no limit.")
    remaining: int | None = Field(None, description="Negative if there are more than the maximum.")
    available: bool = Field(description="Whether they can get a lead now: active, at work, and not marked as away.")
    available_from: datetime | None = Field(
        None, description="When work begins next, now if it has begun. Absent: time alone does not tell."
    )
    attributes: dict[str, Any] = Field(description="What the conditions of rules compare.")
    time_zone: str
    work_hours: dict[str, list[list[str]]] | None = Field(None, description="By weekday. Absent: always at work.")
    days_off: list[str]


class SellerList(Form):
    """All sellers, by id."""

    model_config = with_example({"sellers": [_SELLER]})

    sellers: list[SellerDetails]


class WaitingLeadSummary(Form):
    """A lead that waits for its assignment."""

    model_config = with_example(_WAITING)

    lead_id: str
    name: str | None = None
    place: int = Field(description="Among all that wait, from 1.")
    qualification_model_id: str
    qualified_at: datetime
    result: str = Field(description="Of the newest decision, by its name.")
    reason: Sentence = Field(description="Why it has that result.")
    next_result: str = Field(description="What an attempt now would give.")
    retry_at: datetime | None = Field(None, description="When work hours bring the next attempt.")
    assignment_id: str | None = None
    segment: str | None = None
    rule: str | None = None


class WaitingLeadList(Form):
    """Part of the leads that wait, who has waited longest first."""

    model_config = with_example({"leads": [_WAITING], "waiting": 12, "next_cursor": "WzFd"})

    leads: list[WaitingLeadSummary]
    waiting: int = Field(description="How many leads wait in all.")
    next_cursor: str | None = Field(None, description="Send it as `cursor` for what comes next. Absent at the end.")


class ConsideredSeller(Form):
    """A seller whom the next attempt would consider."""

    seller_id: str
    why: str = Field(description="`chosen`, or why not: not_next, conditions, inactive, unavailable, no_capacity.")


class AssignmentExplanation(Form):
    """Why a lead has its owner, or waits, or why assignment holds nothing about it."""

    model_config = with_example(
        {
            "lead_id": "L-1001",
            "status": "assigned",
            "reason": {
                "code": "seller_longest_without_lead",
                "text": "this seller was the longest without a new lead of those available",
            },
            "result": "assigned",
            "owner_kind": "seller",
            "owner_id": "S-1",
            "owner_name": "Ada Keller",
            "assignment_id": "inside-sales",
            "assignment_version": 1,
            "assignment_runs": True,
            "segment": "german",
            "rule": "german-speaking",
        }
    )

    lead_id: str
    status: str = Field(
        description="assigned, waits, without_owner; else why nothing is held: on_its_way, merged, closed, "
        "not_qualified. More values may be added."
    )
    reason: Sentence
    result: str | None = Field(None, description="Of the newest decision, by its name.")
    owner_kind: str | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    owner_departed: Literal["inactive", "left"] | None = Field(None, description="How the seller departed.")
    unconfirmed_crm_names: str | None = Field(
        None, description="Whom the CRM named last where that is not the owner; `nobody`: none."
    )
    assignment_id: str | None = None
    assignment_version: int | None = None
    assignment_runs: bool | None = Field(None, description="Whether that version is live.")
    segment: str | None = None
    rule: str | None = None
    qualification_model_id: str | None = None
    qualified_at: datetime | None = None
    place: int | None = Field(None, description="Of a waiting lead: its place among all that wait.")
    waiting: int | None = None
    next_result: str | None = Field(None, description="What an attempt now would give.")
    next_owner_id: str | None = Field(None, description="Who would get it when its turn comes.")
    considered: list[ConsideredSeller] | None = None
    retried_by: list[Sentence] | None = Field(None, description="What brings another attempt.")
    retry_at: datetime | None = None
    too_old_at: datetime | None = Field(None, description="After this there is no attempt.")
