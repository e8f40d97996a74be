"""Conditions of any form: read, evaluated and looked through as the naive oracle evaluates them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.assignment.kind import KIND as ASSIGNMENT
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.qualification.conditions import Values, condition_of, holds
from lead_qualifier.qualification.satisfiability import implies, why_impossible
from lead_qualifier.sequences.kind import KIND as SEQUENCE
from tests.oracle.conditions import is_so
from tests.support.examples import examples

_TEXTS = st.sampled_from(["a", "ab", "b", "abc"])
_NUMBERS = st.sampled_from([0, 1, 1.5, 2, -3])
_ANY = st.one_of(_TEXTS, _NUMBERS, st.booleans())
_OPERATORS: dict[str, st.SearchStrategy[Any]] = {
    "equals": _ANY,
    "not_equals": _ANY,
    "one_of": st.lists(_ANY, min_size=1, max_size=3),
    "none_of": st.lists(_ANY, min_size=1, max_size=3),
    "at_least": _NUMBERS,
    "at_most": _NUMBERS,
    "above": _NUMBERS,
    "below": _NUMBERS,
    "contains": _TEXTS,
    "starts_with": _TEXTS,
    "exists": st.booleans(),
}
_NAMED = st.one_of(
    st.sampled_from([{"attribute": "x"}, {"attribute": "y"}, {"field": "owner_id"}]),
    st.sampled_from([{"field": "sales_ready"}, {"field": "status_reason"}]),
)


_OPERATIONS = st.one_of(*(st.tuples(st.just(name), operand) for name, operand in _OPERATORS.items()))


def _tests(named: st.SearchStrategy[dict[str, str]], fewest: int) -> st.SearchStrategy[dict[str, Any]]:
    asked = st.lists(_OPERATIONS, min_size=fewest, max_size=2).map(dict)
    return st.tuples(named, asked).map(lambda both: both[0] | both[1])


def _conditions(tests: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda members: {"all": members}),
            st.lists(inner, min_size=1, max_size=3).map(lambda members: {"any": members}),
            inner.map(lambda member: {"not": member}),
        ),
        max_leaves=6,
    )


CONDITIONS = _conditions(_tests(_NAMED, 1))
BADLY_WRITTEN = _conditions(
    _tests(st.sampled_from([{}, {"field": "colour"}, {"field": "status", "attribute": "x"}, {"attribute": "x"}]), 0)
)
LEADS = st.builds(
    Values,
    st.fixed_dictionaries(
        {
            "status": st.just("open"),
            "status_reason": st.sampled_from(["new", "marketing_qualified"]),
            "sales_ready": st.booleans(),
        },
        optional={"owner_id": _TEXTS},
    ),
    st.dictionaries(st.sampled_from(["x", "y"]), _ANY),
)


@examples(400)
@given(CONDITIONS, CONDITIONS, st.lists(LEADS, min_size=5, max_size=20))
def test_nobody_meets_what_is_called_impossible_and_what_follows_does(
    definition: dict[str, Any], other: dict[str, Any], leads: list[Values]
) -> None:
    condition, further = condition_of(definition), condition_of(other)
    never, follows = why_impossible(condition), implies(condition, further)
    for lead in leads:
        so = holds(condition, lead)
        assert so is is_so(definition, dict(lead.own), dict(lead.attributes))
        assert not (so and never)
        assert not (so and follows and not holds(further, lead))


@examples(200)
@given(st.one_of(CONDITIONS, BADLY_WRITTEN), st.one_of(CONDITIONS, BADLY_WRITTEN))
def test_whatever_is_written_as_a_condition_is_answered(one: dict[str, Any], other: dict[str, Any]) -> None:
    bad = bool(list(condition_problems(one, ())))
    connect = {"on": "lead-assigned", "when": one}
    steps = [{"id": "a", "branch": {"when": one}, "yes": [{"id": "b", "kind": "email"}]}]
    rule = {"id": "r", "when": other, "sellers": {"when": one}}
    for kind, definition in (
        (JOURNEY, {"id": "d", "trigger": {"event": "lead-qualified"}, "when": one, "exclude": other}),
        (JOURNEY, {"id": "d", "trigger": {"changed": "sales_ready", "to": 1}, "when": one}),
        (FOLLOW_UP, {"id": "d", "when": one, "stages": [{"on": "lead-qualified", "within": "1h"}]}),
        (
            SEQUENCE,
            {"id": "d", "connect": connect, "exit": {"when": other}, "steps": steps},
        ),
        (ASSIGNMENT, {"id": "d", "segments": [{"id": "s", "priority": 1, "when": one, "rules": [rule]}]}),
    ):
        found = kind.problems_of(definition, {})
        assert found or not bad
