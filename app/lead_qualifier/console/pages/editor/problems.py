"""Where in the form a problem of the definition stands."""

from __future__ import annotations

from collections.abc import Sequence

from lead_qualifier.console.pages.editor.conditions import TESTS, typed_rows
from lead_qualifier.console.pages.editor.criteria import GRADES
from lead_qualifier.console.pages.editor.form import CONDITIONS, MORE, row_count
from lead_qualifier.console.pages.editor.values import YAML, Fields

EVERYWHERE = ""
"""The place of what is about no field."""
_PLACES = ("id", "name", "match", "criteria", "actions", "existing_leads", "requalification.policy", "hold")
_NAMES = frozenset({"field", "attribute"})

Path = Sequence[str | int]


def place_of(path: Path, fields: Fields) -> str:
    """The field that holds what is at the path of the definition, or what it is a part of."""
    match list(path):
        case ["criteria", int(number), *rest] if number < row_count(fields):
            return _in_row(number, rest, fields)
        case [str(name), *rest] if name in CONDITIONS and fields.get(f"{name}.kind") == TESTS:
            return _in_condition(name, rest, fields)
        case ["match", "at_least", *_] if fields.get("match") == "at_least":
            return "match.at_least"
        case ["requalification", "cool_down", *_]:
            return "requalification.cool_down"
        case ["requalification", *_]:
            return "requalification.policy"
        case [str(name), *_] if name in _PLACES or name in CONDITIONS:
            return name
        case [_, *_] if fields.get(MORE, "").strip():
            return MORE
    return EVERYWHERE


def steps_of(field: str) -> list[str | int]:
    """The path that a text such as `criteria.0.threshold` stands for."""
    return [int(part) if part.isdecimal() else part for part in field.split(".")] if field else []


def _in_row(number: int, rest: list[str | int], fields: Fields) -> str:
    row = f"criteria.{number}"
    kind = fields[f"{row}.kind"]
    if kind == YAML:
        return row
    asked = "grades" if kind == GRADES else "threshold"
    named = rest[0] if rest else asked
    known = {"scoring_model", asked, "max_age"} | (set() if kind == GRADES else {"drop_below"})
    return f"{row}.{named}" if named in known else f"{row}.{asked}"


def _in_condition(name: str, rest: list[str | int], fields: Fields) -> str:
    rows = typed_rows(fields, name)
    steps = rest[1:] if rest and rest[0] in {"all", "any"} else [0, *rest]
    if not steps or not isinstance(steps[0], int) or steps[0] >= len(rows):
        return name
    part = "attribute" if len(steps) > 1 and steps[1] in _NAMES else "value"
    return f"{name}.{rows[steps[0]]}.{part}"
