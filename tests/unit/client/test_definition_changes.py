"""What differs between two definitions: every difference, and none that there is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.client.definition_changes import ABSENT, Change, changes

ENGAGED = {"scoring_model": "engagement", "threshold": 70}
FITTING = {"scoring_model": "demographic", "threshold": 50}
GROUP = {"any": [ENGAGED, FITTING]}
MODEL: dict[str, Any] = {"id": "m", "match": "all", "criteria": [ENGAGED, FITTING], "actions": {"sales_ready": True}}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (MODEL, []),
        (MODEL | {"match": {"at_least": 1}}, [Change("match", "all", {"at_least": 1})]),
        (MODEL | {"hold": "15m"}, [Change("hold", ABSENT, "15m")]),
        (
            {name: MODEL[name] for name in ("id", "match", "criteria")},
            [Change("actions", {"sales_ready": True}, ABSENT)],
        ),
        (MODEL | {"criteria": [ENGAGED | {"threshold": 75}, FITTING]}, [Change("criteria.0.threshold", 70, 75)]),
        (MODEL | {"criteria": [FITTING]}, [Change("criteria.0", ENGAGED, ABSENT)]),
        (
            MODEL | {"criteria": [{"scoring_model": "intent", "threshold": 1}, ENGAGED | {"threshold": 1}, FITTING]},
            [
                Change("criteria.0", ABSENT, {"scoring_model": "intent", "threshold": 1}),
                Change("criteria.1.threshold", 70, 1),
            ],
        ),
        (
            MODEL | {"criteria": [ENGAGED, GROUP]},
            [Change("criteria.1", FITTING, ABSENT), Change("criteria.1", ABSENT, GROUP)],
        ),
    ],
)
def test_fields_and_criteria_that_differ_are_named(after: dict[str, Any], expected: list[Change]) -> None:
    assert list(changes(MODEL, after)) == expected


def test_inside_groups_of_one_kind_the_criteria_are_compared() -> None:
    before = MODEL | {"criteria": [{"any": [ENGAGED, {"at_least": 1, "of": [FITTING]}]}]}
    after = copy.deepcopy(before)
    after["criteria"][0]["any"][1]["of"][0]["threshold"] = 55
    assert list(changes(before, after)) == [Change("criteria.0.any.1.of.0.threshold", 50, 55)]


members = st.recursive(
    st.builds(
        lambda name, threshold: {"scoring_model": name, "threshold": threshold},
        st.sampled_from("abc"),
        st.integers(0, 3),
    ),
    lambda inner: st.builds(lambda kind, of: {kind: of}, st.sampled_from(["all", "any"]), st.lists(inner, max_size=3)),
    max_leaves=6,
)


@given(st.lists(members, max_size=4), st.lists(members, max_size=4))
def test_definitions_differ_if_and_only_if_a_change_is_named(before: list[Any], after: list[Any]) -> None:
    assert bool(list(changes({"criteria": before}, {"criteria": after}))) == (before != after)
