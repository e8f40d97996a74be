"""What a model asks for, in words."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from lead_qualifier.client import formula as in_findings
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.models import OnRejection, QualificationModel, Recycling, Requalification
from lead_qualifier.wording.sentences import IN_ENGLISH


def formula(model: QualificationModel) -> str:
    return IN_ENGLISH.sentence(in_findings.formula(model))


def terms(model: QualificationModel) -> str:
    return IN_ENGLISH.sentence(in_findings.terms(model))


FLAT = QualificationModel(
    id="m",
    name="m",
    match="any",
    criteria=(Criterion("a", 70), Criterion("b", 50)),
    actions=Actions(sales_ready=True),
    requalification=Requalification("never"),
)


def test_conditions_on_the_lead_are_told_after_the_criteria() -> None:
    model = replace(
        FLAT,
        audience={"attribute": "country", "one_of": ["DE", "AT"]},
        fast_track={"all": [{"attribute": "demo_requested", "equals": True}, {"attribute": "revenue", "above": 5}]},
    )
    assert terms(model) == (
        "any of a >= 70, b >= 50; only leads where country is DE or AT; "
        "fast track when demo_requested is yes and revenue is more than 5; only once"
    )


def test_nested_criteria_read_as_one_formula() -> None:
    model = QualificationModel(
        id="m",
        name="m",
        match="all",
        criteria=(Criterion("a", 70, 60), Criterion("b", 1.5), Criterion("c", 2)),
        members=(0, Group(AtLeast(1), (1, 2))),
        actions=Actions(sales_ready=True),
        requalification=Requalification("on_recross", timedelta(days=30)),
        hold=timedelta(minutes=15),
    )
    assert formula(model) == "all of a >= 70 (fallen below 60), (at least 1 of b >= 1.5, c >= 2)"
    assert terms(model) == f"{formula(model)}; held for 15m; again on recross; again after at least 30d"


def test_ages_and_grades_are_part_of_the_formula() -> None:
    week = timedelta(weeks=1)
    criteria = (
        Criterion("a", 70, 60, max_age=timedelta(days=90)),
        Criterion("b", 5, max_age=week),
        Criterion("c", grades=("A",)),
        Criterion("d", grades=("A", "B", "C"), max_age=week),
    )
    assert formula(replace(FLAT, criteria=criteria, requalification=Requalification("on_recross"))) == (
        "any of a >= 70 (fallen below 60, max_age 90d), b >= 5 (max_age 1w), c grade A, "
        "d grade A or B or C (max_age 1w)"
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (OnRejection(), "rejected by sales: again immediately"),
        (OnRejection(Recycling(requalify=False)), "rejected by sales: not again"),
        (
            OnRejection(
                Recycling(cool_down=timedelta(days=30)),
                {"wrong_person": Recycling(requalify=False), "typo": Recycling()},
            ),
            "rejected by sales: again after 30d, for wrong_person not again, for typo again immediately",
        ),
    ],
)
def test_what_becomes_of_a_rejected_lead_is_said(rule: OnRejection, said: str) -> None:
    again = replace(FLAT, requalification=Requalification(), on_rejection=rule)
    assert terms(again) == f"any of a >= 70, b >= 50; {said}"


def test_a_flat_model_reads_as_its_criteria() -> None:
    assert (formula(FLAT), terms(FLAT)) == ("any of a >= 70, b >= 50", "any of a >= 70, b >= 50; only once")
