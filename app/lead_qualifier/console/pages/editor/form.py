"""A qualification model as the fields of a form, and back: what no field can show is kept as YAML.

The names of fields are the paths of what they hold, such as `criteria.0.threshold`: a problem is where its path is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lead_qualifier.console.pages.editor.conditions import NONE, condition_fields, condition_in
from lead_qualifier.console.pages.editor.criteria import row_fields, row_in
from lead_qualifier.console.pages.editor.values import Fields, number_in, number_text, same, text_of, yaml_in, yaml_text
from lead_qualifier.qualification.flags import FLAGS

MORE = "more"
"""The field of what no other one shows."""
CONDITIONS = ("audience", "fast_track")
ACTIONS = {f"actions.{flag.name}": flag for flag in FLAGS}
_POLICIES = ("never", "when_reset", "on_recross")
_EXISTING = ("evaluate", "ignore")
_ORDER = (
    "id",
    "name",
    "match",
    "criteria",
    "actions",
    "existing_leads",
    "requalification",
    "hold",
    "on_rejection",
    "audience",
    "fast_track",
)


class AlsoInForm(ValueError):
    """YAML has a part that a field has, too; `name`: its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def fields_of(definition: Mapping[str, Any]) -> dict[str, str]:
    """The fields that show a definition, which need not be a valid one."""
    fields: dict[str, str] = {}
    more = dict(definition)
    for name, show in _PARTS.items():
        if name in definition and (shown := show(definition[name], name)) is not None:
            fields |= shown
            del more[name]
    fields.setdefault("existing_leads", _EXISTING[0])
    fields.setdefault("requalification.policy", "when_reset")
    for name in CONDITIONS:
        fields.setdefault(f"{name}.kind", NONE)
    fields[MORE] = yaml_text(more)
    return fields


def definition_in(fields: Fields) -> dict[str, Any]:
    """The definition that the fields describe; it need not be a valid one.

    Raises UnreadableField, AlsoInForm.
    """
    parts: dict[str, Any] = {}
    for name in ("id", "name", "hold"):
        if typed := fields.get(name, "").strip():
            parts[name] = typed
    match = fields.get("match", "")
    if match == "at_least":
        typed = fields.get("match.at_least", "").strip()
        parts["match"] = {"at_least": number_in(typed)} if typed else {}
    elif match:
        parts["match"] = match
    if rows := row_count(fields):
        parts["criteria"] = [row_in(fields, f"criteria.{number}") for number in range(rows)]
    if actions := {flag.name: flag.qualified for name, flag in ACTIONS.items() if fields.get(name)}:
        parts["actions"] = actions
    parts["existing_leads"] = fields.get("existing_leads", _EXISTING[0])
    requalification = {"policy": fields.get("requalification.policy", "when_reset")}
    if typed := fields.get("requalification.cool_down", "").strip():
        requalification["cool_down"] = typed
    parts["requalification"] = requalification
    for name in CONDITIONS:
        if (condition := condition_in(fields, name)) is not None:
            parts[name] = condition
    return _in_order(_with_more(parts, fields.get(MORE, "")))


def row_count(fields: Fields) -> int:
    """How many criteria there are, groups included."""
    count = 0
    while f"criteria.{count}.kind" in fields:
        count += 1
    return count


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Do two definitions say the same? What is absent is its default."""
    return same(_with_defaults(one), _with_defaults(other))


def _with_more(parts: dict[str, Any], more: str) -> dict[str, Any]:
    if not more.strip():
        return parts
    added = yaml_in(more, MORE)
    if not isinstance(added, Mapping):
        raise AlsoInForm(MORE)
    for name, value in added.items():
        if name in parts and not same(parts[name], _DEFAULTS.get(name)):
            raise AlsoInForm(name)
        parts[name] = value
    return parts


def _in_order(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: parts[name] for name in (*_ORDER, *parts) if name in parts}


_DEFAULTS: Mapping[str, Any] = {"existing_leads": _EXISTING[0], "requalification": {"policy": "when_reset"}}
_EMPTY: Mapping[str, Any] = {"actions": {}, "criteria": []}


def _with_defaults(definition: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**_EMPTY, **_DEFAULTS, **definition}
    if isinstance(again := whole["requalification"], Mapping):
        whole["requalification"] = {"policy": "when_reset", **again}
    return whole


def _line(value: object, name: str) -> dict[str, str] | None:
    text = text_of(value)
    return None if text is None else {name: text}


def _one_of(known: tuple[str, ...]) -> Any:
    return lambda value, name: {name: value} if value in known else None


def _match(value: object, name: str) -> dict[str, str] | None:
    if isinstance(value, Mapping):
        text = number_text(value.get("at_least"))
        return {name: "at_least", f"{name}.at_least": text} if text is not None and len(value) == 1 else None
    return {name: value} if isinstance(value, str) and value in {"all", "any"} else None


def _criteria(value: object, name: str) -> dict[str, str] | None:
    if not isinstance(value, list):
        return None
    fields: dict[str, str] = {}
    for number, member in enumerate(value):
        if (row := row_fields(member, f"{name}.{number}")) is None:
            return None
        fields |= row
    return fields


def _actions(value: object, name: str) -> dict[str, str] | None:
    known = {flag.name: flag.qualified for flag in FLAGS}
    if not isinstance(value, Mapping) or not all(one in known and same(value[one], known[one]) for one in value):
        return None
    return {f"{name}.{one}": "on" for one in value}


def _requalification(value: object, name: str) -> dict[str, str] | None:
    if not isinstance(value, Mapping) or not value.keys() <= {"policy", "cool_down"}:
        return None
    texts = {f"{name}.{one}": text_of(value[one]) for one in value}
    if None in texts.values() or value.get("policy", "never") not in _POLICIES:
        return None
    return {one: str(text) for one, text in texts.items()}


_PARTS: Mapping[str, Any] = {
    "id": _line,
    "name": _line,
    "hold": _line,
    "match": _match,
    "criteria": _criteria,
    "actions": _actions,
    "existing_leads": _one_of(_EXISTING),
    "requalification": _requalification,
    **dict.fromkeys(CONDITIONS, condition_fields),
}
"""By its name, what shows a part of a definition: its fields, or None if there are none that do."""
