"""What the API says about the scores of leads on a scoring model, and an example of it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lead_qualifier.console.api.forms import Form, with_example

_BANDS: list[dict[str, Any]] = [
    {"at_least": 65, "below": 70, "leads": 5120},
    {"at_least": 70, "below": 75, "leads": 1480},
    {"at_least": 75, "leads": 830},
]


class ScoreBand(Form):
    """How many leads have a score in a band."""

    at_least: float | None = Field(None, description="Where it begins. Absent: with the lowest score.")
    below: float | None = Field(None, description="Just below which it ends. Absent: with the highest score.")
    leads: int


class Histogram(Form):
    """The current scores of open leads on one scoring model.

    Open leads: those of which a preview looks at the criteria. Leads that sales has qualified or disqualified, and
    merged ones, do not count, nor do leads that the CRM has not reported where the workers take these for ineligible.
    Every current score counts, however old it is.
    """

    model_config = with_example(
        {
            "scoring_model_id": "engagement",
            "open_leads": 48120,
            "with_score": 7430,
            "bands": _BANDS,
            "threshold": 70,
            "meeting": 2310,
        }
    )

    scoring_model_id: str
    open_leads: int = Field(description="All open leads.")
    with_score: int = Field(description="Those that have a score on this scoring model.")
    bands: list[ScoreBand] = Field(description="The lowest first. A threshold that was asked about begins one.")
    threshold: float | None = Field(None, description="The one that was asked about.")
    meeting: int | None = Field(None, description="How many have a score of at least the threshold.")
    perhaps: int | None = Field(
        None,
        description="How many more may have: their scores agree with the threshold in the first four digits. Absent: "
        "`meeting` is exact, as it is for every threshold with at most four digits.",
    )
