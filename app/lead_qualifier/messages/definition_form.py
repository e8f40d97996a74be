"""Checks the form of a definition: what is wrong, where, and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from lead_qualifier.messages.reasons import form_in_words, kind, sentence

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
"""The path in a definition, and what is wrong there and how to fix it."""

_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")


@cache
def _adapter(document: Any) -> TypeAdapter[Any]:
    return TypeAdapter(document)


def _no_advice(_error: ErrorDetails) -> None:
    return None


def form_problems(
    document: Any, definition: object, advice: Callable[[ErrorDetails], str | None] = _no_advice
) -> list[Problem]:
    """Every difference between a definition and its TypedDict, once.

    `advice`: what only this document can say about an error of pydantic's; None: nothing more than is said in general.
    """
    try:
        _adapter(document).validate_python(definition)
    except ValidationError as error:
        problems = ((_where(one, definition), advice(one) or _message(one)) for one in error.errors(include_url=False))
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


def _message(error: ErrorDetails) -> str:
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return "is unknown: check its spelling and its place"
        case "missing":
            return "is missing: add it"
        case "string_type" if isinstance(value, bool | int | float):
            return f"{sentence(error)}: put it in quotes"
        case "bool_type" if isinstance(value, str) and value.lower() in {"true", "false"}:
            return f"{sentence(error)}: write it without quotes"
        case "float_type" | "int_type" if isinstance(value, str) and _NUMBER.fullmatch(value):
            return f"{sentence(error)}: write it without quotes"
        case "list_type":
            return f"must be a list, found {written_kind(value)}"
        case "dict_type":
            return f"must be a mapping, such as {{field: value}}, found {written_kind(value)}"
        case "too_short":
            return "must not be empty"
        case "too_long":
            return f"has too many entries: at most {error['ctx']['max_length']}"
        case "string_pattern_mismatch":
            return f"is not of the form {form_in_words(error['ctx']['pattern'])}"
        case "less_than_equal":
            return f"must be {error['ctx']['le']} or less"
        case "greater_than":
            return f"must be more than {error['ctx']['gt']}"
        case _:
            return sentence(error)


def written_kind(value: object) -> str:
    """The kind of a value, as people who write definitions call it: they think of fields and lists, not of JSON."""
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else kind(value)
