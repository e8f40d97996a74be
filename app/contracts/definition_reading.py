"""Reading a qualification model as people write it: the domain's model, or every mistake with what to do about it."""

from __future__ import annotations

import difflib
import re
from datetime import date
from typing import TYPE_CHECKING, cast

from pydantic import TypeAdapter, ValidationError

from app.contracts.model_definition import (
    UNITS,
    ActionsDefinition,
    CriterionDefinition,
    ModelDefinition,
    RequalificationDefinition,
)
from app.contracts.reasons import kind, path, sentence
from app.qualification.criteria import AtLeast, Criterion
from app.qualification.models import Actions, InvalidModel, QualificationModel, Requalification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

Problem = tuple[tuple[str | int, ...], str]
"""Where in a definition, as the steps down to it, and what is wrong there and how to mend it."""

_definition = TypeAdapter(ModelDefinition)


def model_of(definition: object, *, model_id: str | None = None) -> QualificationModel:
    """The model that a definition describes. Raises InvalidModel with every problem found.

    `model_id`: the id that a command names beside the definition; the definition must have the same.
    """
    problems = list(problems_of(definition))
    if not problems and model_id is not None and cast("ModelDefinition", definition)["id"] != model_id:
        problems = [(("id",), f"must be {model_id}, the qualification_model_id of the command")]
    if problems:
        raise InvalidModel([(path(where), message) for where, message in problems])
    return _model(cast("ModelDefinition", definition))


def problems_of(definition: object) -> Iterator[Problem]:
    """Everything that is wrong with a definition; nothing if model_of() takes it."""
    try:
        valid = _definition.validate_python(definition)
    except ValidationError as error:
        yield from _by_form(error)
        return
    try:
        _model(valid)
    except InvalidModel as error:
        for field, message in error.problems:
            yield tuple(int(part) if part.isdecimal() else part for part in field.split(".")), message


def _model(definition: ModelDefinition) -> QualificationModel:
    match, actions = definition["match"], definition["actions"]
    again = definition.get("requalification", {})
    cool_down = again.get("cool_down")
    return QualificationModel(
        id=definition["id"],
        name=definition.get("name", definition["id"]),
        match=match if isinstance(match, str) else AtLeast(match["at_least"]),
        criteria=tuple(Criterion(one["scoring_model"], float(one["threshold"])) for one in definition["criteria"]),
        actions=Actions("status_reason" in actions, actions.get("sales_ready", False)),
        existing_leads=definition.get("existing_leads", "evaluate"),
        requalification=Requalification(
            again.get("policy", "when_reset"),
            None if cool_down is None else int(cool_down[:-1]) * UNITS[cool_down[-1]],
        ),
    )


# What is wrong with the form, in words that say how to mend it.

_LATER = frozenset({"hold", "drop_below", "on_recross", "groups"})
_GROUP = frozenset({"match", "criteria", "all", "any", "at_least"})
_FIELDS: dict[str, tuple[str, ...]] = {
    "": tuple(ModelDefinition.__annotations__),
    "criteria": tuple(CriterionDefinition.__annotations__),
    "actions": tuple(ActionsDefinition.__annotations__),
    "requalification": tuple(RequalificationDefinition.__annotations__),
}
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
_AS_IN = {
    "id": "id: enterprise",
    "match": "match: all",
    "criteria": "criteria: [{scoring_model: engagement, threshold: 70}]",
    "scoring_model": "scoring_model: engagement",
    "threshold": "threshold: 70",
    "actions": "actions: {status_reason: marketing_qualified}",
}


def _by_form(error: ValidationError) -> Iterator[Problem]:
    found = error.errors(include_url=False)
    groups = {one["loc"][:-1] for one in found if one["type"] == "extra_forbidden" and _is_group(one)}
    reported = set()
    for one in found:
        where = one["loc"]
        if where[:-1] in groups:
            # A group where a criterion is expected has many faults, all of them because it is a group.
            where = where[:-1]
            message = "groups of criteria are not supported by this version: list plain criteria"
        else:
            message = _message(one)
        if (where, message) not in reported:
            reported.add((where, message))
            yield where, message


def _is_group(error: ErrorDetails) -> bool:
    where = error["loc"]
    return len(where) == 3 and where[0] == "criteria" and where[-1] in _GROUP


def _message(error: ErrorDetails) -> str:
    field, value = str(error["loc"][-1]) if error["loc"] else "", error["input"]
    match error["type"]:
        case "extra_forbidden" if field in _LATER:
            return "is not supported by this version: leave it out"
        case "extra_forbidden":
            return _unknown(error)
        case "missing":
            return f"is missing: add it, as in {_AS_IN[field]}"
        case "literal_error" if value == "on_recross":
            return "on_recross is not supported by this version: use never or when_reset"
        case "string_pattern_mismatch" | "string_type" if field == "cool_down":
            return f"must be a number with one of the units s, m, h, d, w, as in 30d, found {_kind(value)}"
        case "match":
            return f"must be all, any or {{at_least: 2}} (a whole number from 1), found {_kind(value)}"
        case "too_short":
            return f"name at least one scoring model with its threshold, as in {_AS_IN['criteria']}"
        case "dict_type" if not error["loc"]:
            return f"must be a model with the fields id, name, match, criteria, actions, found {_kind(value)}"
        case "dict_type":
            return f"must be fields with their values, found {_kind(value)}"
        case "list_type":
            return f"must be a list of criteria, found {_kind(value)}"
        case "string_type" if isinstance(value, bool | int | float | date):
            return f"must be text, found {_kind(value)}: put it in quotes"
        case "bool_type" if isinstance(value, str) and value.lower() in {"true", "false"}:
            return f"{sentence(error)}: write it without quotes"
        case "float_type" | "int_type" if isinstance(value, str) and _NUMBER.fullmatch(value):
            return f"{sentence(error)}: write it without quotes"
        case _:
            return sentence(error)


def _unknown(error: ErrorDetails) -> str:
    field = str(error["loc"][-1])
    parents = [part for part in error["loc"][:-1] if isinstance(part, str)]
    known = _FIELDS.get(parents[-1] if parents else "", ())
    close = difflib.get_close_matches(field, known, n=1)
    advice = f"did you mean {close[0]}?" if close else f"the fields here are {', '.join(known)}"
    return f"is unknown: {advice}"


def _kind(value: object) -> str:
    # Who writes a model thinks of fields and lists, not of JSON.
    if isinstance(value, dict):
        return "fields"
    return "a list" if isinstance(value, list) else kind(value)
