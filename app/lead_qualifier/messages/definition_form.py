"""Checks the form of a definition: what is wrong, where, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from lead_qualifier.messages.fields import FORM
from lead_qualifier.messages.reasons import form_in_words, sentence

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
"""The path in a definition, and what is wrong there and how to fix it."""


@cache
def _adapter(document: Any) -> TypeAdapter[Any]:
    return TypeAdapter(document)


def form_problems(document: Any, definition: object) -> list[Problem]:
    """Every difference between a definition and its TypedDict."""
    try:
        _adapter(document).validate_python(definition)
    except ValidationError as error:
        return list(_problems(error, definition))
    return []


def _problems(error: ValidationError, definition: object) -> Iterator[Problem]:
    """What pydantic found, each problem once, by its path in the definition.

    Of the members of a union, the nearest one counts: the one with the fewest errors.
    """
    by_place: dict[Path, dict[tuple[Any, ...], list[ErrorDetails]]] = {}
    for one in error.errors(include_url=False):
        where, forms = _place(one["loc"], definition, one["type"] == "missing")
        shallow = where[: forms[0]] if forms else where
        by_place.setdefault(shallow, {}).setdefault(tuple(forms[1:]), []).append(one)
    said: set[Problem] = set()
    for forms_here in by_place.values():
        nearest = min(forms_here.values(), key=lambda errors: (len(errors), _strangers(errors)))
        for one in nearest:
            where, _ = _place(one["loc"], definition, one["type"] == "missing")
            if one["type"] == "kind_of_step":
                where = (*where, one["ctx"]["field"])
            problem = (where, _message(one))
            if problem not in said:
                said.add(problem)
                yield problem


def _strangers(errors: list[ErrorDetails]) -> int:
    return sum(one["type"] == "extra_forbidden" for one in errors)


def _place(loc: tuple[str | int, ...], definition: object, missing: bool) -> tuple[Path, list[Any]]:
    """The path in the definition, without the names of union members that pydantic inserts; and where these were, and
    which.
    """
    here: Any = definition
    where: list[str | int] = []
    forms: list[Any] = []
    for at, step in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(step, str) and step.startswith(FORM):
            continue  # told apart already
        if isinstance(here, Mapping) and (step in here or (last and missing)):
            here = here.get(step)
            where.append(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
            where.append(step)
        elif not forms:
            forms = [len(where), step]
        else:
            forms.append(step)
    return tuple(where), forms


def _message(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "is unknown: check its spelling and its place"
        case "missing":
            return "is missing: add it"
        case "string_type" if isinstance(error["input"], bool | int | float):
            return "must be text: put it in quotes"
        case "list_type":
            return "must be a list"
        case "dict_type":
            return "must be a mapping, such as {field: value}"
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
