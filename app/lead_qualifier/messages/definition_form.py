"""Checks the form of a definition: what is wrong, where, and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from lead_qualifier.messages.reasons import finding_of, form_of, kind_of
from lead_qualifier.qualification.finding import Finding

Path = tuple[str | int, ...]
Problem = tuple[Path, Finding]
"""The path in a definition, and what is wrong there and how to fix it."""

_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")


@cache
def _adapter(document: Any) -> TypeAdapter[Any]:
    return TypeAdapter(document)


def _no_advice(_error: ErrorDetails) -> None:
    return None


def form_problems(
    document: Any, definition: object, advice: Callable[[ErrorDetails], Finding | None] = _no_advice
) -> list[tuple[Path, Finding]]:
    """Every difference between a definition and its TypedDict, once.

    `advice`: what only this document can say about an error of pydantic's; None: nothing more than is said in general.
    """
    try:
        _adapter(document).validate_python(definition)
    except ValidationError as error:
        problems = ((_where(one, definition), advice(one) or _finding(one)) for one in error.errors(include_url=False))
        return list(dict.fromkeys(problems))
    return []


def _where(error: ErrorDetails, definition: object) -> Path:
    """The path in the definition, without the names of union members and of keys that pydantic inserts."""
    here: Any = definition
    where: list[str | int] = []
    for step in error["loc"]:
        try:
            here = here[step]
        except (LookupError, TypeError):
            continue
        where.append(step)
    match error["type"]:
        case "missing":
            where.append(error["loc"][-1])
        case "kind_of_step":
            where.append(error["ctx"]["field"])
    return tuple(where)


def _finding(error: ErrorDetails) -> Finding:
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return Finding("unknown_field")
        case "missing":
            return Finding("missing_field")
        case "string_type" if isinstance(value, bool | int | float):
            return Finding("put_in_quotes", problem=finding_of(error))
        case "bool_type" if isinstance(value, str) and value.lower() in {"true", "false"}:
            return Finding("write_without_quotes", problem=finding_of(error))
        case "float_type" | "int_type" if isinstance(value, str) and _NUMBER.fullmatch(value):
            return Finding("write_without_quotes", problem=finding_of(error))
        case "list_type":
            return Finding("must_be_list", found=written_kind(value))
        case "dict_type":
            return Finding("must_be_mapping", found=written_kind(value))
        case "too_short":
            return Finding("empty")
        case "too_long":
            return Finding("too_many_entries", most=error["ctx"]["max_length"])
        case "string_pattern_mismatch":
            return Finding("not_of_form", form=form_of(error["ctx"]["pattern"]))
        case "less_than_equal":
            return Finding("must_be_at_most", most=error["ctx"]["le"])
        case "greater_than":
            return Finding("must_be_more", than=error["ctx"]["gt"])
        case _:
            return finding_of(error)


def written_kind(value: object) -> Finding:
    """The kind of a value, as people who write definitions call it: they think of fields and lists, not of JSON."""
    if isinstance(value, dict):
        return Finding("kind_mapping")
    return Finding("kind_list") if isinstance(value, list) else kind_of(value)
