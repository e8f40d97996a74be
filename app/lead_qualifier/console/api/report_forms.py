"""What the API says of acceptance."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sentence, with_example

_COUNTS: dict[str, Any] = {
    "qualified": 57,
    "assigned": 50,
    "accepted": 30,
    "rejected": 10,
    "recycled": 4,
    "waiting": 12,
    "requalified": 3,
    "closed_unanswered": 2,
    "answer_unknown": 0,
    "converted": 9,
    "lost": 5,
    "erased": 0,
    "acceptance": 0.75,
    "rejections": [{"reason": "no_budget", "count": 10}],
    "durations": {"qualified_to_accepted": {"count": 30, "median_seconds": 5400, "p90_seconds": 86400}},
}


class Rejections(Form):
    """How often sales rejected leads for a reason. Without `reason`: how often it gave none."""

    reason: str | None = None
    count: int


class Duration(Form):
    """How long a step took."""

    count: int
    median_seconds: float
    p90_seconds: float = Field(description="Nine in ten took at most as long.")


class Acceptance(Form):
    """What became of some qualifications. The unit is the qualification: a lead that qualifies again counts again."""

    qualified: int
    assigned: int
    accepted: int
    rejected: int
    recycled: int
    waiting: int
    requalified: int = Field(description="The lead qualified again before sales answered.")
    closed_unanswered: int
    answer_unknown: int = Field(description="There is no answer from sales, or it is missing: see `answers_from`.")
    converted: int
    lost: int
    erased: int
    acceptance: float | None = Field(None, description="The share of answers that accept. Absent: too few answers.")
    rejections: list[Rejections]
    durations: dict[str, Duration] = Field(description="By step. Only of the total and of versions.")


class AcceptanceGroup(Acceptance):
    """One group: a version, score band, grade or attribute value. If none is given: leads without a score or value."""

    version: int | None = None
    scoring_model_id: str | None = None
    start: float | None = Field(None, description="The lowest score of the band.")
    below: float | None = Field(None, description="The band ends before this score.")
    grade: str | None = None
    value: str | None = Field(None, description="Of the attribute.")


class AcceptanceReport(Form):
    """What became of the leads that a model qualified. Leads that were erased are not counted."""

    model_config = with_example(
        {
            "qualification_model_id": "enterprise",
            "at": "2026-11-23T09:30:00Z",
            "by": "version",
            "leads": 54,
            "unreadable_leads": 0,
            "total": _COUNTS,
            "groups": [{"version": 3, **_COUNTS}],
            "advice": [],
        }
    )

    qualification_model_id: str
    at: datetime
    since: datetime | None = None
    complete_from: datetime | None = Field(
        None,
        description="Earlier qualifications, assignments and recyclings may be missing: their topics no longer had "
        "them when the console read these. Absent: nothing is missing.",
    )
    answers_from: datetime | None = Field(
        None,
        description="The same for sales' answers. Earlier qualifications without an answer count as `answer_unknown` "
        "rather than `waiting`.",
    )
    by: str
    leads: int
    unreadable_leads: int = Field(description="Leads that count as open because what is stored cannot be read.")
    total: Acceptance
    groups: list[AcceptanceGroup]
    advice: list[Sentence] = Field(description="What sales' answers say about the thresholds.")
