"""Whether a condition of a definition holds (docs/how-to/downstream.md), read from the file as it is written."""

from __future__ import annotations

from typing import Any


def is_so(
    condition: dict[str, Any] | None,
    own: dict[str, Any],
    attributes: dict[str, Any],
    lead: dict[str, Any] | None = None,
) -> bool:
    """`own` fields and attributes that are absent have no value; `lead`: attributes of the lead, for `same_as`."""
    if condition is None:
        return True
    if "all" in condition:
        return all(is_so(one, own, attributes, lead) for one in condition["all"])
    if "any" in condition:
        return any(is_so(one, own, attributes, lead) for one in condition["any"])
    if "not" in condition:
        return not is_so(condition["not"], own, attributes, lead)
    held = own.get(condition["field"]) if "field" in condition else attributes.get(condition["attribute"])
    return all(
        _stands(operator, held, (lead or {}).get(operand) if operator == "same_as" else operand)
        for operator, operand in condition.items()
        if operator not in {"field", "attribute"}
    )


def _stands(operator: str, held: Any, operand: Any) -> bool:
    number = isinstance(held, int | float) and not isinstance(held, bool)
    match operator:
        case "equals" | "same_as":
            return held is not None and alike(held, operand)
        case "not_equals":
            return not _stands("equals", held, operand)
        case "one_of":
            return any(_stands("equals", held, one) for one in operand)
        case "none_of":
            return not any(_stands("equals", held, one) for one in operand)
        case "exists":
            return bool((held is not None) == operand)
        case "at_least":
            return number and bool(held >= operand)
        case "at_most":
            return number and bool(held <= operand)
        case "above":
            return number and bool(held > operand)
        case "below":
            return number and bool(held < operand)
        case "contains":
            return isinstance(held, str) and operand in held
        case "starts_with":
            return isinstance(held, str) and held.startswith(operand)
    raise ValueError(f"there is no operator {operator}")


def alike(one: Any, other: Any) -> bool:
    """The same value of the same type: 1 is not true."""
    return bool(isinstance(one, bool) == isinstance(other, bool) and one == other)
