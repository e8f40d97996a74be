"""Conditions: what each comparison means, and which can never be met."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.qualification.conditions import Values, condition_of, holds
from lead_qualifier.qualification.satisfiability import implies
from tests.support.problems import in_english

LEAD = Values(
    own={"status": "open", "sales_ready": True},
    attributes={"country": "DE", "revenue": 1_200_000, "newsletter": True, "city": "Neustadt", "zero": 0},
    counterpart={"language": "de"},
)
_FORM = TypeAdapter[Any](ConditionDefinition)

CASES: list[tuple[dict[str, Any], bool]] = [
    ({"attribute": "country", "equals": "DE"}, True),
    ({"attribute": "country", "equals": "de"}, False),
    ({"attribute": "country", "not_equals": "AT"}, True),
    ({"attribute": "nowhere", "not_equals": "AT"}, True),
    ({"attribute": "nowhere", "equals": "AT"}, False),
    ({"attribute": "country", "one_of": ["AT", "DE"]}, True),
    ({"attribute": "country", "none_of": ["AT", "DE"]}, False),
    ({"attribute": "nowhere", "none_of": ["AT"]}, True),
    ({"attribute": "nowhere", "one_of": ["AT"]}, False),
    ({"attribute": "revenue", "one_of": ["1200000", 1_200_000.0]}, True),
    ({"attribute": "newsletter", "one_of": [1, "true"]}, False),
    ({"attribute": "newsletter", "one_of": [1, True]}, True),
    ({"attribute": "zero", "none_of": [False]}, True),
    ({"attribute": "revenue", "at_least": 1_200_000}, True),
    ({"attribute": "revenue", "above": 1_200_000}, False),
    ({"attribute": "revenue", "at_most": 1_200_000, "at_least": 1}, True),
    ({"attribute": "revenue", "below": 1_200_000}, False),
    ({"attribute": "country", "at_least": 1}, False),
    ({"attribute": "newsletter", "at_least": 1}, False),
    ({"attribute": "newsletter", "equals": True}, True),
    ({"attribute": "newsletter", "equals": 1}, False),
    ({"attribute": "zero", "equals": False}, False),
    ({"attribute": "zero", "exists": True}, True),
    ({"attribute": "city", "contains": "stadt"}, True),
    ({"attribute": "city", "starts_with": "stadt"}, False),
    ({"attribute": "revenue", "contains": "1"}, False),
    ({"attribute": "nowhere", "exists": False}, True),
    ({"field": "sales_ready", "equals": True}, True),
    ({"field": "owner_id", "exists": True}, False),
    ({"all": [{"field": "status", "equals": "open"}, {"attribute": "country", "equals": "AT"}]}, False),
    ({"any": [{"field": "status", "equals": "open"}, {"attribute": "country", "equals": "AT"}]}, True),
    ({"not": {"attribute": "country", "equals": "AT"}}, True),
]


@pytest.mark.parametrize(("definition", "expected"), CASES, ids=[str(case[0]) for case in CASES])
def test_each_comparison_means_what_it_says(definition: dict[str, Any], expected: bool) -> None:
    _FORM.validate_python(definition)
    assert list(condition_problems(definition, ())) == []
    assert holds(condition_of(definition), LEAD) is expected


def test_without_a_condition_it_is_always_so() -> None:
    assert holds(condition_of(None), Values({}, {}))


def test_a_seller_is_compared_with_the_lead() -> None:
    definition = {"attribute": "language", "same_as": "language"}
    assert list(condition_problems(definition, (), of_seller=True)) == []
    condition = condition_of(definition)
    assert holds(condition, Values({}, {"language": "de"}, {"language": "de"}))
    assert not holds(condition, Values({}, {"language": "fr"}, {"language": "de"}))
    assert not holds(condition, Values({}, {}, {}))


IMPOSSIBLE: list[dict[str, Any]] = [
    {"attribute": "a", "at_least": 5, "at_most": 4},
    {"attribute": "a", "above": 5, "at_most": 5},
    {"attribute": "a", "equals": "x", "not_equals": "x"},
    {"all": [{"attribute": "a", "equals": "x"}, {"attribute": "a", "equals": "y"}]},
    {"all": [{"attribute": "a", "one_of": ["x", "y"]}, {"attribute": "a", "none_of": ["x", "y"]}]},
    {"attribute": "a", "exists": False, "equals": "x"},
    {"attribute": "a", "equals": "x", "at_least": 3},
    {"any": [{"attribute": "a", "at_least": 5, "at_most": 4}, {"attribute": "b", "above": 1, "below": 1}]},
    {"all": [{"attribute": "c", "exists": True}, {"any": [{"attribute": "a", "above": 2, "below": 1}]}]},
    {"all": [{"attribute": "a", "equals": 1}, {"not": {"attribute": "a", "at_least": 1}}]},
    {"not": {"any": [{"attribute": "a", "exists": True}, {"attribute": "a", "exists": False}]}},
    {"all": [{"attribute": "a", "contains": "x"}, {"attribute": "a", "above": 1}]},
    {"all": [{"attribute": "a", "starts_with": "ab"}, {"not": {"attribute": "a", "contains": "b"}}]},
    {"attribute": "a", "one_of": ["ab", 2, True], "contains": "c"},
    {"field": "status", "equals": "won"},
    {"field": "sales_ready", "exists": False},
    {"field": "sales_ready", "none_of": [True, False]},
]


@pytest.mark.parametrize("definition", IMPOSSIBLE, ids=map(str, IMPOSSIBLE))
def test_what_can_never_be_so_is_told(definition: dict[str, Any]) -> None:
    [(where, message)] = in_english(condition_problems(definition, ("when",)))
    assert where == ("when",)
    assert "can never be met" in message


POSSIBLE: list[dict[str, Any]] = [
    {"attribute": "a", "above": 1, "below": 2},
    {"all": [{"attribute": "a", "not_equals": 1}, {"attribute": "a", "at_least": 1, "below": 1.5}]},
    {"all": [{"not": {"attribute": "a", "at_least": 1}}, {"not": {"attribute": "a", "below": 1}}]},  # it is no number
    {"attribute": "a", "none_of": [True, False, "x", 1]},
    {"attribute": "a", "starts_with": "ab", "contains": "x", "not_equals": "abx"},
    {"all": [{"attribute": "a", "starts_with": "a"}, {"not": {"attribute": "a", "starts_with": "ab"}}]},
    {"all": [{"attribute": "a", "starts_with": "a"}, {"attribute": "a", "starts_with": "ab"}]},
    {"all": [{"attribute": "a", "above": 9007199254740992}, {"attribute": "a", "below": 9007199254740994}]},
    {"all": [{"any": [{"attribute": f"a{n}", "equals": m} for m in range(5)]} for n in range(9)]},
]


@pytest.mark.parametrize("definition", POSSIBLE, ids=map(str, POSSIBLE))
def test_what_can_be_so_is_taken(definition: dict[str, Any]) -> None:
    assert list(condition_problems(definition, ())) == []


def test_what_is_too_much_to_look_through_is_taken() -> None:
    never = {"attribute": "z", "exists": True}
    definition = {
        "all": [
            *({"any": [{"attribute": f"a{n}", "equals": m} for m in range(5)]} for n in range(9)),
            never,
            {"not": never},
        ]
    }
    assert list(condition_problems(definition, ())) == []


def test_what_follows_from_a_condition_is_known() -> None:
    given = condition_of({"all": [{"attribute": "a", "above": 5}, {"field": "sales_ready", "equals": True}]})
    for follows in (
        {"attribute": "a", "at_least": 5},
        {"any": [{"attribute": "a", "above": 4}, {"attribute": "b", "equals": 1}]},
        {"not": {"attribute": "a", "exists": False}},
        {"field": "sales_ready", "not_equals": False},
    ):
        assert implies(given, condition_of(follows))
    for does_not in ({"attribute": "a", "above": 6}, {"attribute": "b", "exists": False}):
        assert not implies(given, condition_of(does_not))


def test_what_is_wrong_is_told_where_it_stands() -> None:
    definition: dict[str, Any] = {
        "all": [
            {"field": "colour", "equals": "red"},
            {"attribute": "a"},
            {"equals": 1},
            {"attribute": "a", "same_as": "b"},
        ]
    }
    found = dict(condition_problems(definition, ("when",)))
    assert set(found) == {
        ("when", "all", 0, "field"),
        ("when", "all", 1),
        ("when", "all", 2),
        ("when", "all", 3, "same_as"),
    }


def test_too_deep_nesting_is_refused() -> None:
    definition: dict[str, Any] = {"attribute": "a", "equals": 1}
    for _ in range(12):
        definition = {"not": definition}
    assert any("nested" in message for _, message in in_english(condition_problems(definition, ())))
