"""A model is the same as a form and as YAML, whatever stands in it: the form loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lead_qualifier.console.pages.editor.form import (
    MORE,
    AlsoInForm,
    definition_in,
    fields_of,
    is_same,
)
from lead_qualifier.console.pages.editor.values import (
    UnreadableField,
    list_in,
    number_in,
    scalar_in,
    scalar_text,
    yaml_in,
    yaml_text,
)
from lead_qualifier.messages.definition_writing import model_lines
from lead_qualifier.messages.model_reading import problems_of
from tests.support.examples import examples

texts = st.text(max_size=6) | st.sampled_from(
    ["engagement", "90d", "70", "true", "null", "~", "a: b", "a, b", "[x]", "# no", " padded ", "Ünï", "1e3", "\u202e"]
)
scalars = texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3),
    max_leaves=8,
)
thresholds = st.fixed_dictionaries(
    {"scoring_model": texts, "threshold": scalars}, optional={"drop_below": scalars, "max_age": texts, "more": scalars}
)
grades = st.fixed_dictionaries({"scoring_model": texts, "grades": st.lists(texts, max_size=3)})
criteria = st.recursive(
    thresholds | grades,
    lambda inner: (
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"at_least": scalars, "of": st.lists(inner, max_size=3)})
    ),
    max_leaves=5,
)
OPERATORS = ("equals", "none_of", "at_least", "contains", "exists", "same_as", "one_of")
tests = st.builds(
    lambda what, name, operator, operand: {what: name, operator: operand},
    st.sampled_from(["field", "attribute"]),
    texts,
    st.sampled_from(OPERATORS),
    scalars | st.lists(scalars, max_size=3),
)
conditions = (
    tests
    | st.builds(
        lambda how, members: {how: members}, st.sampled_from(["all", "any", "not"]), st.lists(tests, max_size=3)
    )
    | anything
)
definitions = st.fixed_dictionaries(
    {},
    optional={
        "id": texts,
        "name": texts | scalars,
        "match": st.sampled_from(["all", "any", "none"]) | st.fixed_dictionaries({"at_least": scalars}) | anything,
        "criteria": st.lists(criteria, max_size=3) | anything,
        "actions": st.fixed_dictionaries(
            {}, optional={"status_reason": st.just("marketing_qualified") | scalars, "sales_ready": scalars}
        ),
        "existing_leads": st.sampled_from(["evaluate", "ignore", "other"]) | scalars,
        "requalification": st.fixed_dictionaries(
            {}, optional={"policy": st.sampled_from(["never", "on_recross", "x"]), "cool_down": texts}
        )
        | anything,
        "hold": texts | scalars,
        "audience": conditions,
        "fast_track": conditions,
        "on_rejection": anything,
        "of_a_newer_version": anything,
    },
)
WHOLE: dict[str, Any] = {
    "id": "enterprise",
    "name": "Enterprise leads",
    "match": {"at_least": 2},
    "criteria": [
        {"scoring_model": "engagement", "threshold": 70.5, "drop_below": 60},
        {"scoring_model": "fit", "grades": ["A", "B"], "max_age": "90d"},
        {"any": [{"scoring_model": "intent", "threshold": 0.8}, {"scoring_model": "demographic", "threshold": 50}]},
    ],
    "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
    "existing_leads": "ignore",
    "requalification": {"policy": "on_recross", "cool_down": "30d"},
    "hold": "15m",
    "on_rejection": {"requalify": True, "cool_down": "90d"},
    "audience": {"all": [{"attribute": "country", "one_of": ["DE", "AT"]}, {"field": "owner_id", "exists": False}]},
    "fast_track": {"attribute": "hand_raised", "equals": True},
}


@examples(300)
@given(definition=definitions)
@example(definition=WHOLE)
def test_a_form_says_what_the_definition_says(definition: dict[str, Any]) -> None:
    assert is_same(definition_in(fields_of(definition)), definition)


@examples(100)
@given(definition=definitions)
@example(definition=WHOLE)
def test_a_form_is_the_same_after_yaml(definition: dict[str, Any]) -> None:
    """As it is shown beside the form, and read from there."""
    written = definition_in(fields_of(definition))
    assert is_same(definition_in(fields_of(yaml_in("\n".join(model_lines(written)), "yaml"))), definition)


def test_a_model_of_every_part_is_a_form_but_for_its_groups() -> None:
    fields = fields_of(WHOLE)
    assert problems_of(WHOLE) == []
    assert fields["criteria.0.threshold"] == "70.5"
    assert fields["criteria.1.grades"] == "A, B"
    assert fields["criteria.2.kind"] == "yaml"
    assert fields["audience.0.value"] == "DE, AT"
    assert fields["audience.1.operator"] == "is_not_set"
    assert fields["fast_track.0.value"] == "true"
    assert yaml_in(fields[MORE], MORE) == {"on_rejection": WHOLE["on_rejection"]}
    assert list(definition_in(fields)) == list(WHOLE)


@pytest.mark.parametrize(
    ("typed", "number"),
    [("70", 70), (" 70,5 ", 70.5), ("70.50", 70.5), ("-3", -3), ("1e3", 1000.0), ("7o", "7o"), ("inf", "inf")],
)
def test_a_number_is_read_as_people_type_it(typed: str, number: object) -> None:
    assert number_in(typed) == number


@given(value=texts.filter(bool) | scalars.filter(lambda one: one != ""))
def test_a_single_value_is_read_as_it_is_shown(value: object) -> None:
    text = scalar_text(value)
    assert text is not None
    if text.isprintable():
        assert scalar_in(text) == value
        assert type(scalar_in(text)) is type(value) or isinstance(value, float)


def test_what_stands_in_a_field_and_in_yaml_is_told() -> None:
    fields = fields_of(WHOLE)
    with pytest.raises(AlsoInForm, match="hold"):
        definition_in({**fields, MORE: "hold: 20m"})
    with pytest.raises(UnreadableField, match=MORE):
        definition_in({**fields, MORE: "hold: ["})
    moved = definition_in({**fields, "hold": "", MORE: "hold: 20m"})
    assert fields_of(moved)["hold"] == "20m"
    assert yaml_text({}) == ""


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("DE, AT, NO", ["DE", "AT", "NO"]),
        ("Fair #12, a: b", ["Fair #12", "a: b"]),
        ('"10115", 10115, 01067', ["10115", 10115, "01067"]),
        ('"Weber, Anna", true, yes', ["Weber, Anna", True, "yes"]),
        ("1.5, -3, 'it''s'", [1.5, -3, "it's"]),
        (" , a,", ["a"]),
    ],
)
def test_values_are_what_people_mean_by_them(typed: str, values: list[object]) -> None:
    found = list_in(typed)
    assert found == values
    assert [type(one) for one in found] == [type(one) for one in values]


@pytest.mark.parametrize("typed", ["1,000", "1.000", "12,345.678", "1_000", "٣", "many"])
def test_what_may_mean_two_numbers_is_no_number(typed: str) -> None:
    assert number_in(typed) == typed


@pytest.mark.parametrize(("typed", "number"), [("70", 70), ("61,5", 61.5), ("1.1250", 1.125), ("0.125", 0.125)])
def test_a_number_may_have_a_comma(typed: str, number: float) -> None:
    assert number_in(typed) == number
