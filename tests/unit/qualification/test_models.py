"""Definitions: what cannot be a qualification model, and the problems named."""

import math
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.models import InvalidModel, QualificationModel, Requalification
from tests.unit.qualification.given import model

GOOD: dict[str, Any] = {
    "id": "enterprise",
    "name": "Enterprise",
    "match": "all",
    "criteria": (Criterion("engagement", 70.0), Criterion("demographic", 50.0)),
    "actions": Actions(marketing_qualified=True),
}

ABC = (Criterion("a", 1.0), Criterion("b", 1.0), Criterion("c", 1.0))
ON_RECROSS = Requalification(policy="on_recross")


def deep(groups: int) -> Group:
    """The third criterion in so many groups around each other."""
    return Group("all", (2 if groups == 1 else deep(groups - 1),))


def test_groups_may_be_ten_deep_and_name_a_scoring_model_once_each() -> None:
    definition = QualificationModel(**GOOD | {"criteria": ABC, "members": (0, 1, deep(10))})
    assert definition.members
    again = QualificationModel(**GOOD | {"criteria": (*ABC, ABC[0]), "members": (0, 1, Group("any", (2, 3)))})
    assert len(again.criteria) == 4


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": ""}, "id"),
        ({"name": ""}, "name"),
        ({"criteria": ()}, "criteria"),
        ({"criteria": (Criterion("", 70.0),)}, "criteria.0.scoring_model"),
        ({"criteria": (Criterion("a", 1.0), Criterion("b", 1.0), Criterion("a", 2.0))}, "criteria.2.scoring_model"),
        ({"criteria": (Criterion("a", math.nan),)}, "criteria.0.threshold"),
        ({"criteria": (Criterion("a", 1.0), Criterion("b", math.inf))}, "criteria.1.threshold"),
        ({"criteria": (Criterion("a", 10**400),)}, "criteria.0.threshold"),
        ({"match": AtLeast(0)}, "match.at_least"),
        ({"match": AtLeast(3)}, "match.at_least"),
        ({"match": "most"}, "match"),
        ({"actions": Actions()}, "actions"),
        ({"existing_leads": "some"}, "existing_leads"),
        ({"requalification": Requalification(policy="at_will")}, "requalification.policy"),  # type: ignore[arg-type]  # no policy
        ({"criteria": (Criterion("a", 1.0, 0.5),)}, "criteria.0.drop_below"),
        ({"criteria": (Criterion("a", 1.0, 2.0),), "requalification": ON_RECROSS}, "criteria.0.drop_below"),
        ({"criteria": (Criterion("a", 1.0, math.nan),), "requalification": ON_RECROSS}, "criteria.0.drop_below"),
        ({"criteria": (Criterion("a"),)}, "criteria.0"),
        ({"criteria": (Criterion("a", 1.0, grades=("A",)),)}, "criteria.0.threshold"),
        ({"criteria": (Criterion("a", grades=("A", "")),)}, "criteria.0.grades.1"),
        ({"criteria": (Criterion("a", grades=("A", "B", "A")),)}, "criteria.0.grades.2"),
        ({"criteria": (Criterion("a", None, 1.0, grades=("A",)),)}, "criteria.0.drop_below"),
        ({"criteria": (Criterion("a", 1.0, max_age=timedelta(0)),)}, "criteria.0.max_age"),
        ({"criteria": (Criterion("a", grades=("A",), max_age=timedelta(days=3651)),)}, "criteria.0.max_age"),
        ({"hold": timedelta(0)}, "hold"),
        ({"hold": timedelta(days=366)}, "hold"),
        ({"criteria": ABC, "members": (0, Group("any", (1, Group(AtLeast(2), (2,)))))}, "criteria.1.any.1.at_least"),
        ({"criteria": ABC, "members": (0, Group("any", ()))}, "criteria.1.any"),
        ({"criteria": ABC, "members": (0, Group("any", (2, 1)))}, "members"),
        ({"criteria": ABC, "members": (0, Group("most", (1, 2)))}, "criteria.1"),  # type: ignore[arg-type]  # no match
        ({"criteria": (*ABC, ABC[1]), "members": (0, Group("any", (1, 2, 3)))}, "criteria.1.any.2.scoring_model"),
        ({"criteria": ABC, "members": (0, 1, deep(11))}, "criteria.2" + ".all.0" * 10),
        ({"requalification": Requalification(cool_down=timedelta(seconds=-1))}, "requalification.cool_down"),
    ],
)
def test_a_definition_that_does_not_hold_together_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidModel) as refused:
        QualificationModel(**GOOD | fields)
    assert [path for path, _ in refused.value.problems] == [field]


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InvalidModel) as refused:
        QualificationModel(id="", name="", match="all", criteria=(), actions=Actions())
    assert [path for path, _ in refused.value.problems] == ["id", "name", "criteria", "actions"]
    assert refused.value.problems[0] == ("id", Finding("empty"))
    assert str(refused.value).startswith("id: empty; name: empty; ")


def test_the_defaults_evaluate_existing_leads_and_requalify_when_reset() -> None:
    definition = QualificationModel(**GOOD)
    assert definition.existing_leads == "evaluate"
    assert definition.requalification == Requalification(policy="when_reset", cool_down=None)


@pytest.mark.parametrize(
    "definition",
    [
        model(),
        model(match="any", existing_leads="ignore", policy="never"),
        model(match=AtLeast(2), cool_down=timedelta(days=30), actions=["sales_ready"]),
        model(criteria=(Criterion("fit", grades=("A", "B")), Criterion("intent", 5.0, max_age=timedelta(days=90)))),
    ],
)
def test_a_definition_survives_its_json(definition: QualificationModel) -> None:
    assert msgspec.json.decode(msgspec.json.encode(definition), type=QualificationModel) == definition


@pytest.mark.parametrize(("match", "written"), [("any", b'"any"'), (AtLeast(2), b'{"at_least":2}')])
def test_match_is_written_as_people_write_it(match: Any, written: bytes) -> None:
    assert b'"match":' + written in msgspec.json.encode(model(match=match))


def test_a_stored_definition_that_does_not_hold_together_is_no_definition() -> None:
    with pytest.raises(msgspec.ValidationError, match="id: empty"):
        msgspec.json.decode(msgspec.json.encode(model()).replace(b'"enterprise"', b'""'), type=QualificationModel)
