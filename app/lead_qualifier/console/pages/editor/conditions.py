"""A condition on leads as rows of a form: tests of which all or one must be met, or YAML for whatever else there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lead_qualifier.console.pages.editor.values import (
    YAML,
    Fields,
    list_in,
    list_text,
    number_in,
    number_text,
    same,
    scalar_in,
    scalar_text,
    text_of,
    yaml_field,
    yaml_in,
)

NONE, TESTS = "none", "tests"
IS_SET, IS_NOT_SET = "is_set", "is_not_set"
_LISTS = frozenset({"one_of", "none_of"})
_NUMBERS = frozenset({"at_least", "at_most", "above", "below"})
_TEXTS = frozenset({"contains", "starts_with"})
OPERATORS = (
    "equals",
    "not_equals",
    "one_of",
    "none_of",
    "at_least",
    "at_most",
    "above",
    "below",
    "contains",
    "starts_with",
    IS_SET,
    IS_NOT_SET,
)
"""In the order in which the form offers them."""


def condition_fields(condition: object, at: str) -> dict[str, str] | None:
    """The fields of a condition; `at`: `audience` or `fast_track`. None if it cannot be shown, not even as YAML."""
    if not isinstance(condition, Mapping):
        return None
    fields = _tests_fields(condition, at)
    if fields is not None and same(condition_in(fields, at), condition):
        return fields
    return yaml_field(condition, at)


def condition_in(fields: Fields, at: str) -> Any:
    """The condition that the fields describe; None: there is none. Raises UnreadableField."""
    kind = fields.get(f"{at}.kind", NONE)
    if kind == NONE:
        return None
    if kind == YAML:
        return yaml_in(fields.get(at, ""), at)
    rows = typed_rows(fields, at)
    tests = [_test_in(fields, f"{at}.{number}") for number in rows]
    how = fields.get(f"{at}.match", "")
    if how == "any" or (tests and (how == "all" or len(tests) > 1)):
        return {how or "all": tests}
    return tests[0] if tests else None


def test_count(fields: Fields, at: str) -> int:
    """How many rows there are."""
    count = 0
    while f"{at}.{count}.operator" in fields:
        count += 1
    return count


def typed_rows(fields: Fields, at: str) -> list[int]:
    """The rows in which something was typed: the tests of the condition, in their order."""
    return [number for number in range(test_count(fields, at)) if _is_typed(fields, at, number)]


def _is_typed(fields: Fields, at: str, number: int) -> bool:
    row = f"{at}.{number}"
    return any(fields.get(f"{row}.{name}", "").strip() for name in ("field", "attribute", "value"))


def _tests_fields(condition: Mapping[str, Any], at: str) -> dict[str, str] | None:
    how = next((one for one in ("all", "any") if set(condition) == {one}), "")
    tests = condition[how] if how else [condition]
    if not isinstance(tests, list):
        return None
    fields = {f"{at}.kind": TESTS, f"{at}.match": how}
    for number, test in enumerate(tests):
        texts = _test_texts(test)
        if texts is None:
            return None
        fields |= {f"{at}.{number}.{name}": text for name, text in texts.items()}
    return fields


def _test_texts(test: object) -> dict[str, str] | None:
    if not isinstance(test, Mapping) or len(test) != 2:
        return None
    what = next((one for one in ("field", "attribute") if one in test), None)
    if what is None or (name := text_of(test[what])) is None:
        return None
    [operator] = [one for one in test if one != what]
    operand = test[operator]
    if operator == "exists" and isinstance(operand, bool):
        return {what: name, "operator": IS_SET if operand else IS_NOT_SET}
    if operator in _LISTS:
        value = list_text(operand)
    elif operator in _NUMBERS:
        value = number_text(operand)
    else:
        value = text_of(operand) if operator in _TEXTS else scalar_text(operand)
    return None if value is None or operator not in OPERATORS else {what: name, "operator": operator, "value": value}


def _test_in(fields: Fields, at: str) -> dict[str, Any]:
    own, attribute = fields.get(f"{at}.field", "").strip(), fields.get(f"{at}.attribute", "").strip()
    test: dict[str, Any] = {"field": own} if own else {"attribute": attribute}
    operator, value = fields.get(f"{at}.operator", "equals"), fields.get(f"{at}.value", "").strip()
    if operator in {IS_SET, IS_NOT_SET}:
        test["exists"] = operator == IS_SET
    elif operator in _LISTS:
        test[operator] = list_in(value)
    elif operator in _NUMBERS:
        test[operator] = number_in(value)
    else:
        test[operator] = value if operator in _TEXTS else scalar_in(value)
    return test
