"""Criteria in groups of all, any and at_least, nested: one evaluation, whatever the shape."""

from collections.abc import Callable, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member
from lead_qualifier.qualification.evidence import group_met
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel
from tests.unit.qualification.given import Desk, rules

ABCD = tuple(Criterion(name, 1.0) for name in "abcd")


def ruled(match: Match, *members: Member) -> RuledModel:
    definition = QualificationModel(
        id="m", name="m", match=match, criteria=ABCD, members=members, actions=Actions(sales_ready=True)
    )
    return RuledModel(definition=definition, version=1, live=True)


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        (ruled("any", Group("all", (0, 1)), Group("all", (2, 3))), lambda a, b, c, d: (a and b) or (c and d)),
        (ruled("all", 0, Group("any", (1, Group("all", (2, 3))))), lambda a, b, c, d: a and (b or (c and d))),
        (ruled(AtLeast(2), 0, 1, Group("any", (2, 3))), lambda a, b, c, d: a + b + (c or d) >= 2),
        (ruled("all", Group(AtLeast(3), (0, 1, 2, 3))), lambda a, b, c, d: a + b + c + d >= 3),
    ],
)
def test_a_nested_model_is_the_formula_that_it_says(model: RuledModel, truth: Callable[..., bool]) -> None:
    for stands in product((False, True), repeat=4):
        desk = Desk(rules(model.definition, scoring_models="abcd"))
        outcomes = {}
        for at, (name, stand) in enumerate(zip("abcd", stands, strict=True)):
            outcomes = desk.score(name, float(stand), at)
        qualified = "qualified" in outcomes.values() or bool(desk.qualifications)
        assert qualified == bool(truth(*stands)), stands


def members() -> st.SearchStrategy[Group]:
    """Random trees over four criteria."""
    matches = st.sampled_from(["all", "any"])
    leaf = st.integers(0, 3)
    return st.recursive(
        st.builds(Group, matches, st.lists(leaf, min_size=1, max_size=4).map(tuple)),
        lambda inner: st.builds(Group, matches, st.lists(leaf | inner, min_size=1, max_size=4).map(tuple)),
        max_leaves=8,
    )


@given(members(), st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 3))
def test_a_criterion_more_never_unmeets_a_group(group: Group, stands: list[bool], better: int) -> None:
    before = group_met(group.match, group.members, stands)
    improved = [*stands[:better], True, *stands[better + 1 :]]
    assert group_met(group.match, group.members, improved) >= before


@given(members(), st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_group_is_what_all_and_any_of_its_members_say(group: Group, stands: Sequence[bool]) -> None:
    def slowly(member: Member) -> bool:
        if isinstance(member, int):
            return stands[member]
        return (all if member.match == "all" else any)([slowly(one) for one in member.members])

    assert group_met(group.match, group.members, stands) == slowly(group)


def test_a_model_that_names_a_scoring_model_twice_is_evaluated_once_per_score() -> None:
    definition = QualificationModel(
        id="m",
        name="m",
        match="any",
        criteria=(Criterion("a", 90.0), Criterion("a", 50.0), Criterion("b", 1.0)),
        members=(0, Group("all", (1, 2))),
        actions=Actions(sales_ready=True),
    )
    current = rules(definition, scoring_models="ab")
    assert [one.id for one in current.naming("a")] == ["m"]
    assert current.degraded(rules(definition, scoring_models="").models["m"]) == ()
    assert rules(definition, scoring_models="b").degraded(current.models["m"]) == ("a",)
