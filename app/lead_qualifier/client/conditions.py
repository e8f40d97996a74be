"""A condition in words, and the tests that a lead fails: `country is FR, wanted DE, AT or CH`."""

from __future__ import annotations

from typing import Any

from lead_qualifier.qualification.conditions import OPERATORS, Condition, Group, Test, Values, holds, is_number
from lead_qualifier.qualification.finding import Finding

#: Operators that say that another one does not hold.
_NEGATIONS = {"not_equals": "equals", "none_of": "one_of"}
#: Longer lists, such as one of target accounts, are cut.
_MOST_LISTED, _FIRST = 12, 10
#: Operators that a value of another kind than the operand never meets.
_COMPARISONS = frozenset(OPERATORS) - {"exists"}


def condition_finding(condition: Condition) -> Finding:
    """`country is DE, AT or CH and revenue is at least 100000`."""
    if isinstance(condition, Test):
        if condition.operator == "exists":
            return Finding("has_value" if condition.operand else "has_no_value", name=condition.name)
        return Finding("value_is", name=condition.name, wanted=_wanted(condition.operator, condition.operand))
    if condition.how == "not":
        return Finding("condition_negated", condition=condition_finding(condition.members[0]))
    members = tuple(
        Finding("condition_nested", condition=condition_finding(one))
        if isinstance(one, Group) and one.how != "not"
        else condition_finding(one)
        for one in condition.members
    )
    return Finding("condition_all" if condition.how == "all" else "condition_any", members=members)


def unmet(condition: Condition, values: Values) -> Finding:
    """The tests that keep the condition from being met, each with the value that it has."""
    return _unmet(condition, values, so=True)


def _unmet(condition: Condition, values: Values, *, so: bool) -> Finding:
    """The tests that keep the condition from having the result `so`."""
    if isinstance(condition, Test):
        held = (values.own if condition.own else values.attributes).get(condition.name)
        wanted = _wanted(condition.operator, condition.operand, so=so)
        if held is None:
            return Finding("unmet_without_value", name=condition.name, wanted=wanted)
        if condition.operator in _COMPARISONS and (kind := _other_kind(held, condition.operand)) is not None:
            return Finding("unmet_value_of_kind", name=condition.name, held=held, kind=kind, wanted=wanted)
        return Finding("unmet_value", name=condition.name, held=held, wanted=wanted)
    if condition.how == "not":
        return _unmet(condition.members[0], values, so=not so)
    failing = tuple(_unmet(one, values, so=so) for one in condition.members if holds(one, values) is not so)
    if len(failing) == 1:
        return failing[0]
    return Finding("unmet_all" if (condition.how == "all") is so else "unmet_any", tests=failing)


def _other_kind(held: object, operand: object) -> Finding | None:
    """The kind of a value that is compared only with values of other kinds: the text 5 looks like the number."""
    kind = _kind(held)
    operands = operand if isinstance(operand, tuple) else (operand,)
    return None if kind in map(_kind, operands) else kind


def _kind(value: object) -> Finding:
    if isinstance(value, str):
        return Finding("kind_text")
    return Finding("kind_number") if is_number(value) else Finding("kind_boolean")


def _wanted(operator: str, operand: Any, *, so: bool = True) -> Any:
    """What a value must be so that a comparison has the result `so`: a finding, or the value itself."""
    if operator in _NEGATIONS:
        return _wanted(_NEGATIONS[operator], operand, so=not so)
    if operator == "exists":
        return Finding("wanted_value" if operand is so else "wanted_no_value")
    if not so:
        return Finding("wanted_not", wanted=_wanted(operator, operand))
    match operator:
        case "one_of" if len(operand) > _MOST_LISTED:
            return Finding(
                "wanted_one_of", values=operand[:_FIRST], last=Finding("one_of_more", count=len(operand) - _FIRST)
            )
        case "one_of" if len(operand) > 1:
            return Finding("wanted_one_of", values=operand[:-1], last=operand[-1])
        case "one_of":
            return operand[0]
        case "at_least":
            return Finding("wanted_at_least", least=operand)
        case "at_most":
            return Finding("wanted_at_most", most=operand)
        case "above":
            return Finding("wanted_above", bound=operand)
        case "below":
            return Finding("wanted_below", bound=operand)
        case "contains":
            return Finding("wanted_text_with", part=operand)
        case "starts_with":
            return Finding("wanted_start", start=operand)
        case _:
            return operand
