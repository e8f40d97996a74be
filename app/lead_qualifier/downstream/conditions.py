"""Conditions on the values of a lead or a seller: read from a definition, evaluated, and looked through for what can
never be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count, pairwise
from math import inf
from typing import Any, get_args

from msgspec import Struct

from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.messages.lead_flags import LEAD_FIELDS, VALUES, Status
from lead_qualifier.qualification.leads import OPEN

Value = str | bool | int | float

_VALUES: dict[str, tuple[Value, ...]] = {
    "status": get_args(Status),
    **VALUES,
}
"""What own fields may be, where that is known; these always have a value."""
_MOST_LEVELS = 10
_MOST_WAYS = 1_000
#: How much a definition may have compared until what it asks counts as possible: well below a second.
_COMPARISONS = 400_000


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

IS_OPEN = Test("status", True, "equals", OPEN)
"""The condition of whoever looks at open leads only."""


#: Comparing texts costs the more the longer they are: so many characters as much as a number.
_LONG = 256

_Wanted = tuple[Test, bool]
"""A comparison, and whether it has to be so."""


class Effort:
    """What may still be compared to find out what can never be met. One for all conditions of a definition, so that
    looking through it ends soon, whatever it holds. It counts and looks at no clock: everybody finds the same.
    """

    __slots__ = ("_left",)

    def __init__(self, comparisons: int = _COMPARISONS) -> None:
        self._left = comparisons

    def spend(self, comparisons: int) -> None:
        """Raises TooMuch if nothing is left."""
        self._left -= comparisons
        if self._left < 0:
            raise TooMuch


class TooMuch(Exception):
    """There is too much to look through."""


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


def problems_of(
    definition: Mapping[str, Any],
    where: Path,
    *,
    of_seller: bool = False,
    of_open: bool = False,
    effort: Effort | None = None,
) -> Iterator[Problem]:
    """What is wrong with a condition of the right form, and whether it can never be met; `of_open`: of an open lead."""
    effort = effort or Effort()
    found = list(_problems(definition, where, of_seller, 1))
    yield from found
    if not found:
        condition = condition_of(definition)
        if (reason := impossible(condition, effort)) is not None:
            yield where, f"can never be met: {reason}; change or remove part of it"
        elif of_open and impossible(Group("all", (IS_OPEN, condition)), effort) is not None:
            yield where, "can never be met by an open lead, and only open leads count: change or remove part of it"


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
        yield where, "must name what it tests, by either field or attribute"
        return
    if named == ["field"] and (of_seller or definition["field"] not in LEAD_FIELDS):
        known = "a seller has attributes only" if of_seller else f"fields are {', '.join(LEAD_FIELDS)}"
        yield (*where, "field"), f"{definition['field']!r} is unknown: {known}; attributes are named with attribute"
    if len(definition) == 1:
        yield where, f"needs a test, one of {', '.join((*_OPERATORS, 'same_as'))}"
    if "same_as" in definition and not of_seller:
        yield (*where, "same_as"), "compares a seller's attribute with the lead's: it has no meaning here"


def impossible(condition: Condition, effort: Effort | None = None) -> str | None:
    """Why no lead or seller can ever meet this. None: one can, or it is too much to look through."""
    found = looked_through(condition, effort)
    return found if isinstance(found, str) else None


def implies(given: Condition, other: Condition, effort: Effort | None = None) -> bool:
    """Is the other so whenever this one is? False also where it is too much to look through."""
    return impossible(Group("all", (given, Group("not", (other,)))), effort) is not None


def looked_through(condition: Condition, effort: Effort | None = None) -> Values | str | None:
    """Values that meet it, or why none do. None: it is too much to look through.

    Where sellers are compared with leads (`same_as`), what is found may meet it for no lead.
    """
    effort = effort or Effort()
    reason = "it negates what is always true"
    try:
        for number, way in enumerate(_ways(condition, effort)):
            if number == _MOST_WAYS:
                return None
            found = _met(way, effort)
            if isinstance(found, Values):
                return found
            reason = found
    except TooMuch:
        return None
    return reason


def size_of(condition: Condition) -> int:
    """How many comparisons it takes at most to tell whether it is so."""
    todo, size = [condition], 0
    while todo:
        one = todo.pop()
        size += len(one.operand) + 1 if isinstance(one, Test) and isinstance(one.operand, tuple) else 1
        if isinstance(one, Group):
            todo += one.members
    return size


def _ways(condition: Condition, effort: Effort) -> Iterator[list[_Wanted]]:
    """The ways to meet it: comparisons that have to be so, or not so, all together. Raises TooMuch."""
    # what is still to be met, as a chain, so that alternatives share the rest of it
    ways: list[tuple[Any, list[_Wanted]]] = [(((condition, True), None), [])]
    while ways:
        todo, wanted = ways.pop()
        while todo is not None:
            (one, so), todo = todo
            if isinstance(one, Test):
                effort.spend(1)
                wanted.append((one, so))
            elif one.how == "not":
                effort.spend(1)
                todo = ((one.members[0], not so), todo)
            elif (one.how == "all") is so:
                effort.spend(1 + len(one.members))
                for member in reversed(one.members):
                    todo = ((member, so), todo)
            else:
                effort.spend(1 + len(one.members) * (1 + len(wanted)))
                ways += [(((member, so), todo), wanted.copy()) for member in reversed(one.members)]
                break
        else:
            yield wanted


def _met(way: list[_Wanted], effort: Effort) -> Values | str:
    """Values that meet it, or why none do. Raises TooMuch."""
    by_name: dict[tuple[bool, str], list[_Wanted]] = {}
    for one, so in way:
        by_name.setdefault((one.own, one.name), []).append((one, so))
    met: dict[bool, dict[str, Value]] = {True: {name: values[0] for name, values in _VALUES.items()}, False: {}}
    for (own, name), wanted in by_name.items():
        values = _VALUES.get(name) if own else None
        for value in values or _telling([one for one, _ in wanted], effort):
            if _meets(value, wanted, effort):
                if value is not None:
                    met[own][name] = value
                break
        else:
            known = "" if values is None else f", which is one of {', '.join(map(_text, values))}"
            return f"no value of {name} meets all its conditions{known}"
    return Values(met[True], met[False])


def _meets(value: Value | None, wanted: list[_Wanted], effort: Effort) -> bool:
    length = 1 + len(value) // _LONG if isinstance(value, str) else 1
    for one, so in wanted:
        effort.spend(length + len(one.operand) if isinstance(one.operand, tuple) else length)
        if one.operator == "same_as":
            if so and value is None:
                return False  # the lead may have any value, or none
        elif _OPERATORS[one.operator](value, one.operand) is not so:
            return False
    return True


def _telling(tests: list[Test], effort: Effort) -> Iterator[Value | None]:
    """Values of which one meets the comparisons, if any at all does. Raises TooMuch."""
    yield from (None, True, False, -inf, inf)
    operands = [each for one in tests for each in (one.operand if isinstance(one.operand, tuple) else (one.operand,))]
    effort.spend(len(operands))
    yield from operands
    numbers = sorted({each for each in operands if _number(each)})
    for low, high in pairwise(numbers):
        yield from (low + 1, low / 2 + high / 2)
    written = set("".join(each for each in operands if isinstance(each, str)))
    other = next(sign for sign in map(chr, count(0xE000)) if sign not in written)
    beginnings = {"", *(one.operand for one in tests if one.operator == "starts_with")}
    parts = other.join(sorted(one.operand for one in tests if one.operator == "contains"))
    for beginning in beginnings:
        effort.spend((len(beginning) + len(parts)) // _LONG)
        yield from (beginning + other, beginning + other + parts + other)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
