"""German sentences have German terms, numbers, times and lengths of time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.in_german import IN_GERMAN

ENGAGED = Finding("criterion", scoring_model="engagement", threshold=70.0)
FITTING = Finding("criterion", scoring_model="fit", threshold=0.5)
EITHER = Finding("group", formula=Finding("any_of", members=(FITTING, ENGAGED)))
AT = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (
            Finding("change", field="status_reason", before="new", after="marketing_qualified"),
            "Statusgrund: Neu → Marketingqualifiziert",
        ),
        (Finding("change", field="sales_ready", before=False, after=True), "Vertriebsbereit: Nein → Ja"),
        (
            Finding("lead_closed", status="disqualified", status_reason="budget"),
            "Der Lead ist geschlossen: Status Disqualifiziert, Statusgrund budget",
        ),
        (
            Finding("score_met", scoring_model="v1.5", score=82.5, threshold=70.0),
            "v1.5 82,5 ≥ 70: erfüllt",
        ),
        (Finding("value_is", name="umsatz", wanted=1.5), "umsatz ist 1,5"),
        (Finding("and_more", count=1234), "und 1.234 weitere"),
        (Finding("all_of", members=(ENGAGED,)), "engagement ≥ 70"),
        (Finding("all_of", members=(ENGAGED, EITHER)), "engagement ≥ 70 und (fit ≥ 0,5 oder engagement ≥ 70)"),
        (Finding("at_least_of", count=1, members=(ENGAGED, FITTING)), "mindestens 1 von: engagement ≥ 70, fit ≥ 0,5"),
        (Finding("held_for", hold="1d"), "1 Tag lang erfüllt"),
        (Finding("held_for", hold="90m"), "90 Minuten lang erfüllt"),
        (
            Finding("rejected_until", model="m", rejected_at=AT, not_before=AT),
            (
                "Vom Vertrieb am 03.11.2026, 09:05 UTC abgelehnt: m kann den Lead ab 03.11.2026, 09:05 UTC"
                " wieder qualifizieren"
            ),
        ),
    ],
)
def test_a_sentence(finding: Finding, sentence: str) -> None:
    assert IN_GERMAN.sentence(finding) == sentence
