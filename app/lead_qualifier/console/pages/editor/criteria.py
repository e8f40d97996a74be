"""The criteria of a model as rows of a form: a threshold, grades, or YAML for groups and whatever else there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lead_qualifier.console.pages.editor.values import (
    YAML,
    Fields,
    number_in,
    number_text,
    same,
    text_of,
    yaml_field,
    yaml_in,
)

THRESHOLD, GRADES = "threshold", "grades"
_NUMBERS = ("threshold", "drop_below")


def row_fields(member: object, at: str) -> dict[str, str] | None:
    """The fields of a member; `at`: its path, with which their names begin. None if it cannot be shown, not even as
    YAML.
    """
    if not isinstance(member, Mapping):
        return None
    for kind, texts in ((THRESHOLD, _threshold_texts(member)), (GRADES, _grades_texts(member))):
        if texts is not None:
            fields = {f"{at}.kind": kind} | {f"{at}.{name}": text for name, text in texts.items()}
            if same(row_in(fields, at), member):
                return fields
    return yaml_field(member, at)


def row_in(fields: Fields, at: str) -> Any:
    """The member that the fields of a row describe. Raises UnreadableField."""
    kind = fields.get(f"{at}.kind", THRESHOLD)
    if kind == YAML:
        return yaml_in(fields.get(at, ""), at)
    member: dict[str, Any] = {"scoring_model": fields.get(f"{at}.scoring_model", "").strip()}
    if kind == GRADES:
        grades = [one.strip() for one in fields.get(f"{at}.grades", "").split(",")]
        if any(grades):
            member["grades"] = [one for one in grades if one]
    else:
        for name in _NUMBERS:
            if typed := fields.get(f"{at}.{name}", "").strip():
                member[name] = number_in(typed)
    if max_age := fields.get(f"{at}.max_age", "").strip():
        member["max_age"] = max_age
    return member


def _threshold_texts(member: Mapping[str, Any]) -> dict[str, str] | None:
    texts = {name: number_text(member[name]) for name in _NUMBERS if name in member}
    return _texts(member, texts)


def _grades_texts(member: Mapping[str, Any]) -> dict[str, str] | None:
    grades = member.get("grades")
    if not isinstance(grades, list):
        return None
    texts = [text_of(one) for one in grades]
    return _texts(member, {"grades": None if None in texts else ", ".join(map(str, texts))})


def _texts(member: Mapping[str, Any], texts: dict[str, str | None]) -> dict[str, str] | None:
    """With the fields that both kinds have; None if something cannot be shown."""
    texts |= {name: text_of(member[name]) for name in ("scoring_model", "max_age") if name in member}
    return None if None in texts.values() else {name: str(text) for name, text in texts.items()}
