"""lead-qualified: the event of a qualification equals the contract's example exactly."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from lead_qualifier.messages.lead_qualified import LeadQualified, lead_qualified
from lead_qualifier.qualification.criteria import AtLeast, Criterion, CriterionEvidence
from lead_qualifier.qualification.decide import decide
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.leads import Lead, Qualification, Score, Trigger, mark
from lead_qualifier.qualification.models import QualificationModel, Requalification
from lead_qualifier.qualification.rules import RuledModel, Rules
from tools.schemas.examples import example

NINE_THIRTY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ENTERPRISE = RuledModel(
    definition=QualificationModel(
        id="enterprise",
        name="Enterprise-Leads",
        match="all",
        criteria=(Criterion("engagement", 70.0), Criterion("demographic", 50.0)),
        actions=Actions(marketing_qualified=True, sales_ready=True),
        requalification=Requalification(cool_down=timedelta(days=30)),
    ),
    version=3,
    live=True,
)
TRIGGER = Trigger("0190b3f8-7c41-7a52-8b0e-5d2f9c3e4a11", "lead-score-changed", 3, 918)
checked = TypeAdapter(LeadQualified)


def encoded(event: LeadQualified) -> dict[str, Any]:
    """As a reader gets it, once it has been found to follow the contract."""
    value = msgspec.json.encode(event)
    checked.validate_json(value)
    read: dict[str, Any] = json.loads(value)
    return read


def qualified(lead: Lead) -> Qualification:
    rules = Rules(
        revision=5,
        lead_management=True,
        live_scoring_models=frozenset({"engagement", "demographic"}),
        models={"enterprise": ENTERPRISE},
    )
    decided = decide(lead, ENTERPRISE, rules, NINE_THIRTY)
    assert isinstance(decided, Qualification)
    return decided


def lead(**fields: Any) -> Lead:
    scores = {
        "engagement": Score(83.0, NINE_THIRTY),
        "demographic": Score(64.0, datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC)),
    }
    return Lead(scores=scores, **fields)


@pytest.mark.parametrize("marked_before", [True, False])
def test_the_event_is_the_same_before_and_after_marking(marked_before: bool) -> None:
    one = lead(owner_id="U-4", contact_id="C-7", changed_at=datetime(2026, 11, 20, 8, 15, tzinfo=UTC))
    qualification = qualified(one)
    if marked_before:
        mark(one, qualification, TRIGGER.event_id)
    event = encoded(lead_qualified("L-1001", one, qualification, origin="live", trigger=TRIGGER))
    assert event | {"lead_changed_offset": 4_711} == example("lead-qualified", "live")


def test_numbers_are_written_as_people_write_them() -> None:
    one = lead()
    text = msgspec.json.encode(lead_qualified("L-1001", one, qualified(one), origin="live", trigger=TRIGGER))
    assert b'"threshold":70,' in text
    assert b'"score":83,' in text


def test_missing_values_are_absent_and_a_sweep_names_its_command() -> None:
    webinar = RuledModel(
        definition=QualificationModel(
            id="webinar",
            name="webinar",
            match=AtLeast(2),
            criteria=(Criterion("engagement", 40), Criterion("demographic", 30.5), Criterion("attendance", 1)),
            actions=Actions(marketing_qualified=True),
        ),
        version=1,
        live=True,
    )
    qualification = Qualification(
        model=webinar,
        number=2,
        criteria=(
            CriterionEvidence("engagement", 40.0, True, 52.5, datetime(2026, 11, 22, 17, 45, 30, 250_000, tzinfo=UTC)),
            CriterionEvidence("demographic", 30.5, False),
            CriterionEvidence("attendance", 1.0, True, 2.0, datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ),
        changes={"status_reason": ("contacted", "marketing_qualified")},
        at=datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC),
    )
    trigger = Trigger("0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a03", "qualification-commands", 0, 12)
    event = lead_qualified("L-2002", Lead(status_reason="contacted"), qualification, origin="sweep", trigger=trigger)
    assert encoded(event) == example("lead-qualified", "sweep")


def test_a_criterion_that_asks_for_grades_has_these_in_place_of_a_threshold() -> None:
    months, scored_at = timedelta(days=90), datetime(2026, 11, 22, 17, 45, 30, tzinfo=UTC)
    fresh = RuledModel(
        definition=QualificationModel(
            id="fresh",
            name="fresh",
            match=AtLeast(2),
            criteria=(
                Criterion("fit", grades=("A", "B"), max_age=months),
                Criterion("engagement", 40, max_age=months),
                Criterion("demographic", 50, max_age=months),
            ),
            actions=Actions(sales_ready=True),
        ),
        version=1,
        live=True,
    )
    scores = {
        "fit": Score(78.0, scored_at, "B"),
        "engagement": Score(52.5, NINE_THIRTY, "A"),
        "demographic": Score(64.0, datetime(2026, 5, 26, 8, 0, tzinfo=UTC)),
    }
    live = frozenset(scores)
    rules = Rules(revision=5, lead_management=True, live_scoring_models=live, models={"fresh": fresh})
    one = Lead(scores=scores)
    decided = decide(one, fresh, rules, NINE_THIRTY)
    assert isinstance(decided, Qualification)
    event = lead_qualified("L-2003", one, decided, origin="live", trigger=TRIGGER)
    assert encoded(event) == example("lead-qualified", "graded")


@pytest.mark.parametrize("field", ["owner_id", "contact_id"])
def test_null_is_never_valid(field: str) -> None:
    broken = example("lead-qualified", "live")
    (broken["lead"] if field == "owner_id" else broken)[field] = None
    with pytest.raises(ValueError, match=field):
        checked.validate_json(json.dumps(broken))


@pytest.mark.parametrize("score", [1e300, -1.5, 0.1, 2.0**53, -0.0, 5e-324])
def test_every_score_reaches_the_reader_unchanged(score: float) -> None:
    qualification = msgspec.structs.replace(
        qualified(lead()), criteria=(CriterionEvidence("engagement", score, True, score, NINE_THIRTY),)
    )
    event = encoded(lead_qualified("L-1001", lead(), qualification, origin="live", trigger=TRIGGER))
    assert float(event["criteria"][0]["score"]) == float(event["criteria"][0]["threshold"]) == score
