"""Conditions on the values of a lead or a seller: read from a definition, and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from lead_qualifier.qualification.lead_fields import LEAD_FIELDS, OPEN

Value = str | bool | int | float


class Listed(tuple[Value, ...]):
    """The values of `one_of` or `none_of`. Searching a list of thousands takes no longer than one of three."""

    def __init__(self, _values: Iterable[Value]) -> None:
        self._found = frozenset((isinstance(one, bool), one) for one in self)

    def has(self, held: Value | None) -> bool:
        """Is the value the same as one of these?"""
        return (isinstance(held, bool), held) in self._found


class Test(Struct, frozen=True):
    """One comparison of one value. `own`: a field of the lead itself; otherwise an attribute."""

    name: str
    own: bool
    operator: str
    operand: Any


class Group(Struct, frozen=True):
    """All or any of the members, or (`how` is `not`) the negation of the only one."""

    how: str
    members: tuple[Condition, ...]


Condition = Test | Group

ALWAYS = Group("all", ())
"""The condition of a definition that names none."""

IS_OPEN = Test("status", True, "equals", OPEN)
"""The condition of those that consider open leads only."""


class Values(Struct, frozen=True):
    """What conditions are evaluated on: own fields, attributes, and for `same_as` the attributes of the lead."""

    own: Mapping[str, Value]
    attributes: Mapping[str, Value]
    counterpart: Mapping[str, Value] = {}


class LeadValues(Protocol):
    """A lead, as the worker or a downstream service holds it."""

    status: str
    status_reason: str
    sales_ready: bool
    owner_id: str | None
    contact_id: str | None
    attributes: dict[str, Any]


def values_of(lead: LeadValues) -> Values:
    """What conditions on a lead look at."""
    own = {name: value for name in LEAD_FIELDS if (value := getattr(lead, name)) is not None}
    return Values(own, lead.attributes)


def holds(condition: Condition, values: Values) -> bool:
    """Is the condition met?"""
    if isinstance(condition, Test):
        held = (values.own if condition.own else values.attributes).get(condition.name)
        operand = condition.operand
        if condition.operator == "same_as":
            operand = values.counterpart.get(operand)
            return operand is not None and same_value(held, operand)
        return OPERATORS[condition.operator](held, operand)
    if condition.how == "not":
        return not holds(condition.members[0], values)
    if condition.how == "any":
        return any(holds(one, values) for one in condition.members)
    return all(holds(one, values) for one in condition.members)


def is_number(value: object) -> bool:
    """Is it a number? Booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same_value(held: object, operand: object) -> bool:
    """Are these equal? None equals nothing, and 1 is not True, as it would be in Python."""
    return held is not None and isinstance(held, bool) == isinstance(operand, bool) and held == operand


def _both_numbers(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda held, operand: is_number(held) and compare(held, operand)


def _both_texts(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda held, operand: isinstance(held, str) and compare(held, operand)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": same_value,
    "not_equals": lambda held, operand: not same_value(held, operand),
    "one_of": lambda held, operand: operand.has(held),
    "none_of": lambda held, operand: not operand.has(held),
    "at_least": _both_numbers(lambda held, operand: held >= operand),
    "at_most": _both_numbers(lambda held, operand: held <= operand),
    "above": _both_numbers(lambda held, operand: held > operand),
    "below": _both_numbers(lambda held, operand: held < operand),
    "contains": _both_texts(lambda held, operand: operand in held),
    "starts_with": _both_texts(lambda held, operand: held.startswith(operand)),
    "exists": lambda held, operand: (held is not None) == operand,
}


def condition_of(definition: Mapping[str, Any] | None) -> Condition:
    """The condition of a valid definition. None: one that is always met."""
    if definition is None:
        return ALWAYS
    for how in ("all", "any"):
        if how in definition:
            return Group(how, tuple(condition_of(one) for one in definition[how]))
    if "not" in definition:
        return Group("not", (condition_of(definition["not"]),))
    own = "field" in definition
    name = definition["field"] if own else definition["attribute"]
    tests = tuple(
        Test(name, own, operator, Listed(operand) if isinstance(operand, list) else operand)
        for operator, operand in definition.items()
        if operator not in {"field", "attribute"}
    )
    return tests[0] if len(tests) == 1 else Group("all", tests)
