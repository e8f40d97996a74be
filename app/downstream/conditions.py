"""Conditions on the values of a lead or a seller: read from a definition, evaluated, and looked through for what can
never be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

Value = str | bool | int | float
Path = tuple[str | int, ...]
Problem = tuple[Path, str]
"""Where in a definition, as the steps down to it, and what is wrong there and how to mend it."""

FIELDS = ("status", "status_reason", "sales_ready", "owner_id", "contact_id")
"""A lead's own fields, besides its attributes."""
_MOST_LEVELS = 10


class Test(Struct, frozen=True):
    """One comparison of one value. `own`: a field of the lead itself; otherwise an attribute."""

    name: str
    own: bool
    operator: str
    operand: Any


class Group(Struct, frozen=True):
    """All or any of the members, or (`not`) its only one denied."""

    how: str
    members: tuple[Condition, ...]


Condition = Test | Group

ALWAYS = Group("all", ())
"""The condition of whoever names none."""


class Values(Struct, frozen=True):
    """What a condition looks at: own fields (absent: no value), attributes, and those of the lead for `same_as`."""

    own: Mapping[str, Value]
    attributes: Mapping[str, Value]
    counterpart: Mapping[str, Value] = {}


def holds(condition: Condition, values: Values) -> bool:
    """Is it so?"""
    if isinstance(condition, Test):
        held = (values.own if condition.own else values.attributes).get(condition.name)
        operand = condition.operand
        if condition.operator == "same_as":
            operand = values.counterpart.get(operand)
            return operand is not None and _same(held, operand)
        return _OPERATORS[condition.operator](held, operand)
    if condition.how == "not":
        return not holds(condition.members[0], values)
    if condition.how == "any":
        return any(holds(one, values) for one in condition.members)
    return all(holds(one, values) for one in condition.members)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(held: object, operand: object) -> bool:
    # 1 is not True here, as it is in Python
    return held is not None and isinstance(held, bool) == isinstance(operand, bool) and held == operand


def _both_numbers(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda held, operand: _number(held) and compare(held, operand)


def _both_texts(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda held, operand: isinstance(held, str) and compare(held, operand)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not_equals": lambda held, operand: not _same(held, operand),
    "one_of": lambda held, operand: any(_same(held, one) for one in operand),
    "none_of": lambda held, operand: not any(_same(held, one) for one in operand),
    "at_least": _both_numbers(lambda held, operand: held >= operand),
    "at_most": _both_numbers(lambda held, operand: held <= operand),
    "above": _both_numbers(lambda held, operand: held > operand),
    "below": _both_numbers(lambda held, operand: held < operand),
    "contains": _both_texts(lambda held, operand: operand in held),
    "starts_with": _both_texts(lambda held, operand: held.startswith(operand)),
    "exists": lambda held, operand: (held is not None) == operand,
}


def condition_of(definition: Mapping[str, Any] | None) -> Condition:
    """The condition that a definition describes, of which `problems_of` finds none. None: always so."""
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
        Test(name, own, operator, tuple(operand) if isinstance(operand, list) else operand)
        for operator, operand in definition.items()
        if operator not in {"field", "attribute"}
    )
    return tests[0] if len(tests) == 1 else Group("all", tests)


def problems_of(definition: Mapping[str, Any], where: Path, *, of_seller: bool = False) -> Iterator[Problem]:
    """What is wrong with a condition of the right form, and whether it can never be so."""
    found = list(_problems(definition, where, of_seller, 1))
    yield from found
    if not found and (reason := contradiction(definition)) is not None:
        yield where, f"can never be so: {reason}; change or remove one of them"


def contradiction(definition: Mapping[str, Any]) -> str | None:
    """Why a condition of which nothing else is wrong can never be so, where that is plain; None says nothing."""
    return _contradiction(condition_of(definition))


def _problems(definition: Mapping[str, Any], where: Path, of_seller: bool, level: int) -> Iterator[Problem]:
    if level > _MOST_LEVELS:
        yield where, f"is nested more than {_MOST_LEVELS} deep: flatten it"
        return
    for how in ("all", "any"):
        if how in definition:
            for index, one in enumerate(definition[how]):
                yield from _problems(one, (*where, how, index), of_seller, level + 1)
            return
    if "not" in definition:
        yield from _problems(definition["not"], (*where, "not"), of_seller, level + 1)
        return
    named = [name for name in ("field", "attribute") if name in definition]
    if len(named) != 1:
        yield where, "must name what it looks at, by either field or attribute"
        return
    if named == ["field"] and (of_seller or definition["field"] not in FIELDS):
        known = "a seller has attributes only" if of_seller else f"fields are {', '.join(FIELDS)}"
        yield (*where, "field"), f"{definition['field']!r} is unknown: {known}; attributes are named with attribute"
    if len(definition) == 1:
        yield where, f"must say what is to be so, by one of {', '.join((*_OPERATORS, 'same_as'))}"
    if "same_as" in definition and not of_seller:
        yield (*where, "same_as"), "compares a seller's attribute with the lead's: it has no meaning here"


def _contradiction(condition: Condition) -> str | None:
    """Why no value can meet this, where that is plain; None says nothing."""
    if isinstance(condition, Test) or condition.how == "not":
        return None
    inner = [_contradiction(one) for one in condition.members]
    if condition.how == "any":
        return inner[0] if inner and all(inner) else None
    for reason in inner:
        if reason is not None:
            return reason
    by_name: dict[tuple[bool, str], list[Test]] = {}
    for one in _flat(condition):
        by_name.setdefault((one.own, one.name), []).append(one)
    for (_, name), tests in by_name.items():
        if (reason := _at_odds(name, tests)) is not None:
            return reason
    return None


def _flat(condition: Condition) -> Iterator[Test]:
    """The tests that must all be so."""
    if isinstance(condition, Test):
        yield condition
    elif condition.how == "all":
        for one in condition.members:
            yield from _flat(one)


def _at_odds(name: str, tests: list[Test]) -> str | None:
    low = max((t.operand for t in tests if t.operator in {"at_least", "above"}), default=None)
    high = min((t.operand for t in tests if t.operator in {"at_most", "below"}), default=None)
    if low is not None and high is not None:
        strict = any(
            t.operator in {"above", "below"} and t.operand == (low if t.operator == "above" else high) for t in tests
        )
        if low > high or (low == high and strict):
            return f"{name} cannot lie between {low} and {high}"
    absent = any(t.operator == "exists" and not t.operand for t in tests)
    wanting = [t for t in tests if t.operator not in {"exists", "not_equals", "none_of"}]
    if absent and (wanting or any(t.operator == "exists" and t.operand for t in tests)):
        return f"{name} must both be absent and have a value"
    exact = [t for t in tests if t.operator in {"equals", "one_of"}]
    if exact:
        first = exact[0]
        candidates = first.operand if first.operator == "one_of" else (first.operand,)
        others = [t for t in tests if t is not first and t.operator != "same_as"]
        if not any(all(_OPERATORS[t.operator](value, t.operand) for t in others) for value in candidates):
            return f"no value of {name} meets all that is asked of it"
    return None
