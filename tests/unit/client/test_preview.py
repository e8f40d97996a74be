"""Previewing a model: what is counted, what is sampled, how it is compared with the live version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from lead_qualifier.cli.preview_views import _set_already, _when_and_why_not
from lead_qualifier.client.preview import Preview, Previewer, as_if_live
from lead_qualifier.client.preview_json import _criterion_as_json
from lead_qualifier.client.what_if import NoSuchCriterion
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from tests.unit.qualification.given import START, minute, model, rules


def lead(*, status: str = "open", marks: Mapping[str, Mark] | None = None, known: bool = True, **scores: float) -> Lead:
    return Lead(
        status=status,
        known=known,
        marks=dict(marks or {}),
        scores={name: Score(value, START) for name, value in scores.items()},
    )


def previewed(definition: QualificationModel, by: Rules, *leads: Lead, near: float = 5, sample: int = 5) -> Preview:
    previewer = Previewer(definition, by, minute(60), near=near, sample=sample)
    for number, one in enumerate(leads):
        previewer.add(f"L-{number}".encode(), one)
    return previewer.result()


def on_engagement(threshold: float, *values: float) -> Preview:
    """A preview of leads with these scores, of one without a score, and of one that is closed."""
    return previewed(
        model(criteria={"engagement": threshold}),
        rules(),
        *(lead(engagement=value) for value in values),
        lead(demographic=80),
        lead(status="qualified", engagement=90),
    )


def test_leads_are_counted_by_the_outcome_of_a_worker() -> None:
    found = previewed(
        model(),
        rules(),
        lead(engagement=70, demographic=50),
        lead(engagement=69, demographic=50),
        lead(engagement=70),
        lead(status="disqualified", engagement=90, demographic=90),
        lead(engagement=90, demographic=90, marks={"enterprise": Mark(1, 1, START, "e")}),
    )
    assert found.outcomes == {"criteria_not_met": 2, "qualified": 1, "lead_not_open": 1, "already_qualified": 1}
    assert (found.leads, found.asked, found.qualifying, found.share) == (5, 4, 1, 0.2)


def test_who_is_outside_the_audience_is_counted_apart_and_not_asked_about_scores() -> None:
    audience = {"attribute": "country", "equals": "DE"}
    inside = lead(engagement=60, demographic=60)
    inside.attributes["country"] = "DE"
    definition = model(audience=audience)
    found = previewed(definition, rules(model()), inside, lead(engagement=90, demographic=90), lead(status="qualified"))
    assert found.outcomes == {"criteria_not_met": 1, "not_in_audience": 1, "lead_not_open": 1}
    assert (found.leads, found.asked, found.outside) == (3, 1, 1)
    assert list(_when_and_why_not(found, definition)) == ["1 are outside the audience"]
    assert found.criteria[0].reached == 0
    assert found.compared is not None
    assert (found.compared.no_longer_qualifying, found.compared.neither) == (1, 1)


def test_scores_that_have_expired_are_counted_apart_and_are_no_near_misses() -> None:
    fresh = model(criteria=(Criterion("engagement", 70, max_age=timedelta(minutes=30)),))
    recent = Lead(scores={"engagement": Score(80, minute(40)), "demographic": Score(1, minute(40))})
    found = previewed(fresh, rules(), recent, *(lead(engagement=value) for value in (80, 69, 3)), lead(demographic=1))
    [criterion] = found.criteria
    counts = (criterion.met, criterion.near, criterion.expired, criterion.no_score)
    assert counts == (1, 0, 3, 1)
    assert found.qualifying == 1
    assert _criterion_as_json(criterion)["expired"] == 3
    assert "expired" not in _criterion_as_json(previewed(model(), rules()).criteria[0])


def test_grades_are_counted_in_place_of_bands() -> None:
    graded = model(criteria=(Criterion("engagement", grades=("A", "B")),))
    leads = [Lead(scores={"engagement": Score(50, START, grade)}) for grade in ("A", "A", "B", "C", None)]
    [criterion] = previewed(graded, rules(), *leads, lead(demographic=1)).criteria
    assert (criterion.met, criterion.near, criterion.no_score) == (3, 0, 1)
    shown = _criterion_as_json(criterion)
    assert (shown["grades"], shown["reached"]) == (("A", "B"), 3)
    assert {one.get("grade"): one["leads"] for one in shown["by_grade"]} == {"A": 2, "B": 1, "C": 1, None: 1}
    assert shown.keys().isdisjoint({"threshold", "near", "bands"})
    with pytest.raises(NoSuchCriterion, match="asks for grades on engagement"):
        Previewer(graded, rules(), minute(60), what_if={"engagement": [1.0]})


def test_a_criterion_counts_eligible_leads_that_meet_or_near_it() -> None:
    [criterion] = on_engagement(70, 70, 71, 69.9, 65, 64.9).criteria
    assert (criterion.met, criterion.near, criterion.no_score) == (2, 2, 1)
    [wider] = previewed(model(criteria={"engagement": 70}), rules(), lead(engagement=60.5), near=10).criteria
    assert wider.near == 1


def test_a_scoring_model_that_is_not_live_meets_nothing() -> None:
    found = previewed(model(), rules(scoring_models=["engagement"]), lead(engagement=80, demographic=80))
    assert found.qualifying == 0
    assert [(one.live, one.met, one.reached) for one in found.criteria] == [(True, 1, 1), (False, 0, 1)]


def test_the_model_counts_as_live_in_its_next_version() -> None:
    by = rules(model(), lead_management=False, live=False, version=3)
    ruled, then = as_if_live(model(criteria={"engagement": 10}), by)
    assert (ruled.version, ruled.live, then.lead_management) == (4, True, True)
    assert then.models["enterprise"] is ruled
    assert previewed(model(), by, lead(engagement=80, demographic=80)).qualifying == 1
    assert as_if_live(model("other"), by)[0].version == 1


def test_only_a_mark_of_the_same_model_id_counts() -> None:
    marked = {"enterprise": Mark(2, 1, START, "e", cleared=True), "other": Mark(1, 1, START, "e")}
    cooling = model(cool_down=timedelta(hours=2))
    assert previewed(cooling, rules(), lead(engagement=80, demographic=80, marks=marked)).outcomes == {
        "cooling_down": 1
    }
    [(_, again)] = previewed(model(), rules(), lead(engagement=80, demographic=80, marks=marked)).sample
    assert again.number == 2


def test_unknown_leads_are_ineligible_where_the_setting_says_so() -> None:
    found = previewed(model(), rules(unknown_leads="ineligible"), lead(known=False, engagement=80, demographic=80))
    assert found.outcomes == {"unknown_lead_ineligible": 1}
    assert found.asked == 0


def test_a_sample_does_not_depend_on_the_order() -> None:
    leads = [(f"L-{number}".encode(), lead(engagement=80, demographic=60)) for number in range(200)]
    samples = []
    for ordered in (leads, leads[::-1]):
        previewer = Previewer(model(), rules(), minute(0), sample=7)
        for key, one in ordered:
            previewer.add(key, one)
        samples.append(previewer.result().sample)
    assert samples[0] == samples[1]
    assert len({lead_id for lead_id, _ in samples[0]}) == 7
    _, first = samples[0][0]
    assert [(one.scoring_model_id, one.score, one.met) for one in first.criteria] == [
        ("engagement", 80, True),
        ("demographic", 60, True),
    ]
    assert first.changes["status_reason"] == ("new", "marketing_qualified")


@pytest.mark.parametrize("size", [0, 1, 300])
def test_a_sample_is_no_larger_than_asked_for(size: int) -> None:
    found = previewed(model(), rules(), *(lead(engagement=80, demographic=60) for _ in range(20)), sample=size)
    assert len(found.sample) == min(size, 20)


def test_a_live_version_is_compared_by_criteria_alone() -> None:
    marked = {"enterprise": Mark(1, 1, START, "e")}
    found = previewed(
        model(criteria={"engagement": 80}),
        rules(model(criteria={"demographic": 50}), version=3),
        lead(engagement=80, demographic=50),
        lead(engagement=80),
        lead(demographic=50, marks=marked),
        lead(engagement=1),
        lead(status="disqualified", engagement=80),
    ).compared
    assert found is not None
    assert (found.version, found.both, found.neither) == (3, 1, 1)
    assert (found.newly_qualifying, found.no_longer_qualifying) == (1, 1)
    assert previewed(model(), rules(model(), live=False), lead(engagement=80)).compared is None


def test_without_a_lead_nothing_is_divided() -> None:
    found = previewed(model(), rules())
    assert (found.leads, found.share, found.sample) == (0, 0.0, ())


def test_a_model_with_a_hold_says_who_would_wait_for_it() -> None:
    found = previewed(model(hold=timedelta(minutes=15)), rules(), lead(engagement=80, demographic=80))
    assert (found.qualifying, found.holding) == (0, 1)


def test_nested_groups_are_met_and_each_criterion_is_counted() -> None:
    nested = model_of(
        {
            "id": "nested",
            "match": "any",
            "criteria": [
                {"scoring_model": "intent", "threshold": 90},
                {
                    "all": [
                        {"scoring_model": "engagement", "threshold": 70},
                        {"scoring_model": "intent", "threshold": 20},
                    ]
                },
            ],
            "actions": {"sales_ready": True},
        }
    )
    found = previewed(nested, rules(), lead(engagement=70, intent=20), lead(intent=90), lead(intent=88, engagement=9))
    assert found.qualifying == 2
    assert [(one.criterion.scoring_model, one.met, one.near) for one in found.criteria] == [
        ("intent", 1, 1),
        ("engagement", 1, 0),
        ("intent", 3, 0),
    ]


def test_leads_that_have_the_flags_are_counted_by_model() -> None:
    mark, later = Mark(1, 1, START, "e"), Mark(1, 1, minute(5), "e")
    leads = [
        lead(engagement=80, demographic=80, marks=marks)
        for marks in (
            {"enterprise": mark, "other": later},
            {"other": mark, "third": later},
            {"other": mark},
            {"other": later, "third": mark},
            None,
        )
    ]
    for one in leads:
        one.status_reason, one.sales_ready = "marketing_qualified", True
    found = previewed(model(), rules(), *leads, lead(engagement=1))
    assert found.qualifying == 0
    assert found.set_already == {"other": 2, "enterprise": 1, "third": 1, "": 1}
    assert _set_already(found.set_already, "enterprise") == (
        "5 more meet the criteria, but already have what the model would set: "
        "2 through model other, 1 through this model, 1 through model third, 1 not through a model"
    )


def test_scores_of_eligible_leads_are_counted_in_bands_that_part_at_the_threshold() -> None:
    found = on_engagement(72, 60, 71, 72, 73, 79)
    [criterion] = found.criteria
    assert [(band.start, count) for band, count in criterion.bands if count] == [
        (60, 1),
        (71, 1),
        (72, 1),
        (73, 1),
        (79, 1),
    ]
    assert 72 in {band.start for band, _ in criterion.bands}
    assert sum(count for _, count in criterion.bands) == found.asked - criterion.no_score
