"""Can a condition be met at all, and does one imply another? Answers within a fixed number of comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, pairwise
from math import inf
from typing import Any

from lead_qualifier.qualification.conditions import OPERATORS, Condition, Group, Test, Value, Values, is_number
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.lead_fields import FIELD_VALUES

_MOST_WAYS = 1_000
#: How many comparisons are spent on a definition before its conditions count as possible: well below a second.
_COMPARISONS = 400_000
#: Long texts cost more to compare: this many characters count as one comparison.
_LONG = 256

_Wanted = tuple[Test, bool]
"""A comparison, and the result that it must have."""


class BudgetExhausted(Exception):
    """There are too many cases to check."""


class ComparisonBudget:
    """How many comparisons may still be made. One budget covers all conditions of a definition, so that checking it
    ends soon, whatever it contains. It counts, and uses no clock, so that results are the same everywhere.
    """

    __slots__ = ("_left",)

    def __init__(self, comparisons: int = _COMPARISONS) -> None:
        self._left = comparisons

    def spend(self, comparisons: int) -> None:
        """Raises BudgetExhausted if not enough is left."""
        self._left -= comparisons
        if self._left < 0:
            raise BudgetExhausted


def why_impossible(condition: Condition, budget: ComparisonBudget | None = None) -> Finding | None:
    """Why no lead or seller can ever meet the condition. None: one can, or there are too many cases."""
    found = find_example(condition, budget)
    return found if isinstance(found, Finding) else None


def implies(given: Condition, other: Condition, budget: ComparisonBudget | None = None) -> bool:
    """Is `other` met whenever `given` is? False also if there are too many cases."""
    return why_impossible(Group("all", (given, Group("not", (other,)))), budget) is not None


def find_example(condition: Condition, budget: ComparisonBudget | None = None) -> Values | Finding | None:
    """Values that meet the condition, or why none do. None: there are too many cases.

    Where sellers are compared with leads (`same_as`), the example may not meet it for any lead.
    """
    budget = budget or ComparisonBudget()
    reason = Finding("negates_truth")
    try:
        for number, way in enumerate(_ways(condition, budget)):
            if number == _MOST_WAYS:
                return None
            found = _met(way, budget)
            if isinstance(found, Values):
                return found
            reason = found
    except BudgetExhausted:
        return None
    return reason


def size_of(condition: Condition) -> int:
    """How many comparisons evaluating the condition takes at most."""
    todo, size = [condition], 0
    while todo:
        one = todo.pop()
        size += len(one.operand) + 1 if isinstance(one, Test) and isinstance(one.operand, tuple) else 1
        if isinstance(one, Group):
            todo += one.members
    return size


def _ways(condition: Condition, budget: ComparisonBudget) -> Iterator[list[_Wanted]]:
    """The ways to meet it, each as comparisons with the results that they must all have. Raises BudgetExhausted."""
    # what remains to be met, as a linked list, so that alternatives share its tail
    ways: list[tuple[Any, list[_Wanted]]] = [(((condition, True), None), [])]
    while ways:
        todo, wanted = ways.pop()
        while todo is not None:
            (one, so), todo = todo
            if isinstance(one, Test):
                budget.spend(1)
                wanted.append((one, so))
            elif one.how == "not":
                budget.spend(1)
                todo = ((one.members[0], not so), todo)
            elif (one.how == "all") is so:
                budget.spend(1 + len(one.members))
                for member in reversed(one.members):
                    todo = ((member, so), todo)
            else:
                budget.spend(1 + len(one.members) * (1 + len(wanted)))
                ways += [(((member, so), todo), wanted.copy()) for member in reversed(one.members)]
                break
        else:
            yield wanted


def _met(way: list[_Wanted], budget: ComparisonBudget) -> Values | Finding:
    """Values that meet all of these, or why none do. Raises BudgetExhausted."""
    by_name: dict[tuple[bool, str], list[_Wanted]] = {}
    for one, so in way:
        by_name.setdefault((one.own, one.name), []).append((one, so))
    met: dict[bool, dict[str, Value]] = {True: {name: values[0] for name, values in FIELD_VALUES.items()}, False: {}}
    for (own, name), wanted in by_name.items():
        values = FIELD_VALUES.get(name) if own else None
        for value in values or _telling([one for one, _ in wanted], budget):
            if _meets(value, wanted, budget):
                if value is not None:
                    met[own][name] = value
                break
        else:
            if values is None:
                return Finding("no_value_meets", name=name)
            return Finding("no_known_value_meets", name=name, known=tuple(map(_text, values)))
    return Values(met[True], met[False])


def _meets(value: Value | None, wanted: list[_Wanted], budget: ComparisonBudget) -> bool:
    length = 1 + len(value) // _LONG if isinstance(value, str) else 1
    for one, so in wanted:
        budget.spend(length + len(one.operand) if isinstance(one.operand, tuple) else length)
        if one.operator == "same_as":
            if so and value is None:
                return False  # the lead may have any value, or none
        elif OPERATORS[one.operator](value, one.operand) is not so:
            return False
    return True


def _telling(tests: list[Test], budget: ComparisonBudget) -> Iterator[Value | None]:
    """Candidate values: one of them meets all comparisons, if any value does. Raises BudgetExhausted."""
    yield from (None, True, False, -inf, inf)
    operands = [each for one in tests for each in (one.operand if isinstance(one.operand, tuple) else (one.operand,))]
    budget.spend(len(operands))
    yield from operands
    numbers = sorted({each for each in operands if is_number(each)})
    for low, high in pairwise(numbers):
        yield from (low + 1, low / 2 + high / 2)
    written = set("".join(each for each in operands if isinstance(each, str)))
    other = next(sign for sign in map(chr, count(0xE000)) if sign not in written)
    beginnings = {"", *(one.operand for one in tests if one.operator == "starts_with")}
    parts = other.join(sorted(one.operand for one in tests if one.operator == "contains"))
    for beginning in beginnings:
        budget.spend((len(beginning) + len(parts)) // _LONG)
        yield from (beginning + other, beginning + other + parts + other)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
