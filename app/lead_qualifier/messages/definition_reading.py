"""Reads a qualification model as people write it: the model, or every problem and how to correct it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.messages.lead_flags import ActionsDefinition, actions_of
from lead_qualifier.messages.model_definition import (
    MEMBER_KINDS,
    AtLeastOfDefinition,
    CriterionDefinition,
    MemberDefinition,
    ModelDefinition,
    OnRejectionDefinition,
    RecyclingDefinition,
    RequalificationDefinition,
)
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.messages.reasons import kind, path, sentence
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Member
from lead_qualifier.qualification.findings import Worded
from lead_qualifier.qualification.models import (
    InvalidModel,
    OnRejection,
    QualificationModel,
    Recycling,
    Requalification,
)
from lead_qualifier.wording.sentences import IN_ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from pydantic_core import ErrorDetails


_definition = TypeAdapter(ModelDefinition)


def model_of(definition: object) -> QualificationModel:
    """The model that a definition describes. Raises InvalidModel with every problem found."""
    try:
        valid = _definition.validate_python(definition)
    except ValidationError as error:
        raise InvalidModel([(path(where), Worded(message)) for where, message in _by_form(error)]) from None
    return _model(valid)


def problems_of(definition: object) -> Iterator[Problem]:
    """Everything that is wrong with a definition; nothing if model_of() accepts it."""
    try:
        _model(_definition.validate_python(definition))
    except ValidationError as error:
        yield from _by_form(error)
    except InvalidModel as error:
        for field, fault in error.problems:
            steps = tuple(int(part) if part.isdecimal() else part for part in field.split("."))
            yield steps, IN_ENGLISH.sentence(fault)


def _model(definition: ModelDefinition) -> QualificationModel:
    match = definition["match"]
    again = definition.get("requalification", {})
    criteria: list[Criterion] = []
    members = _members(definition["criteria"], criteria)
    return QualificationModel(
        id=definition["id"],
        name=definition.get("name", definition["id"]),
        match=match if isinstance(match, str) else AtLeast(match["at_least"]),
        criteria=tuple(criteria),
        members=members if any(isinstance(member, Group) for member in members) else (),
        actions=actions_of(definition["actions"]),
        existing_leads=definition.get("existing_leads", "evaluate"),
        requalification=Requalification(
            again.get("policy", "when_reset"),
            _duration(again.get("cool_down")),
        ),
        hold=_duration(definition.get("hold")),
        on_rejection=_on_rejection(definition["on_rejection"]) if "on_rejection" in definition else None,
    )


def _on_rejection(definition: OnRejectionDefinition) -> OnRejection:
    reasons = {reason: _recycling(one) for reason, one in definition.get("reasons", {}).items()}
    return OnRejection(_recycling(definition), reasons)


def _recycling(definition: RecyclingDefinition | OnRejectionDefinition) -> Recycling:
    return Recycling(definition.get("requalify", True), _duration(definition.get("cool_down")))


def _duration(text: str | None) -> timedelta | None:
    return None if text is None else parse_duration(text)


def _members(definitions: Sequence[MemberDefinition], criteria: list[Criterion]) -> tuple[Member, ...]:
    """The described members; their criteria are appended to `criteria` in the order in which they are written."""
    members: list[Member] = []
    for one in definitions:
        if "all" in one:
            members.append(Group("all", _members(one["all"], criteria)))
        elif "any" in one:
            members.append(Group("any", _members(one["any"], criteria)))
        elif "of" in one:
            members.append(Group(AtLeast(one["at_least"]), _members(one["of"], criteria)))
        else:
            drop_below = one.get("drop_below")
            members.append(len(criteria))
            criteria.append(
                Criterion(
                    one["scoring_model"], float(one["threshold"]), None if drop_below is None else float(drop_below)
                )
            )
    return tuple(members)


# What is wrong with the form, and how to correct it.

_FIELDS: dict[str, tuple[str, ...]] = {
    "": tuple(ModelDefinition.__annotations__),
    "criterion": tuple(CriterionDefinition.__annotations__),
    "all": ("all",),
    "any": ("any",),
    "of": tuple(AtLeastOfDefinition.__annotations__),
    "actions": tuple(ActionsDefinition.__annotations__),
    "requalification": tuple(RequalificationDefinition.__annotations__),
    "on_rejection": tuple(OnRejectionDefinition.__annotations__),
}
_ELSEWHERE = {
    "drop_below": "it belongs to a criterion, as in {scoring_model: engagement, threshold: 70, drop_below: 60}",
    "hold": "it belongs to the model, next to criteria",
    "cool_down": "it belongs to requalification or on_rejection",
    "requalify": "it belongs to on_rejection",
    "reasons": "they belong to on_rejection",
    "policy": "it belongs to requalification",
    "groups": "groups belong among the criteria, as in criteria: [{any: [...]}]",
}
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
_AS_IN = {
    "id": "id: enterprise",
    "match": "match: all",
    "criteria": "criteria: [{scoring_model: engagement, threshold: 70}]",
    "scoring_model": "scoring_model: engagement",
    "threshold": "threshold: 70",
    "actions": "actions: {status_reason: marketing_qualified}",
    "of": "{at_least: 2, of: [...]}",
    "at_least": "{at_least: 2, of: [...]}",
}


def _by_form(error: ValidationError) -> Iterator[Problem]:
    reported = set()
    known = {place: Nearest(fields) for place, fields in _FIELDS.items()}
    for one in error.errors(include_url=False):
        problem = (_path(one["loc"]), _message(one, known))
        if problem not in reported:
            reported.add(problem)
            yield problem


def _path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The steps down the definition, without the kind of member that pydantic puts after each member's number."""
    return tuple(
        step for at, step in enumerate(loc) if not (step in MEMBER_KINDS and at and isinstance(loc[at - 1], int))
    )


def _message(error: ErrorDetails, known: Mapping[str, Nearest]) -> str:
    field, value = str(error["loc"][-1]) if error["loc"] else "", error["input"]
    match error["type"]:
        case "extra_forbidden":
            return _unknown(error, known)
        case "missing":
            return f"is missing: add it, as in {_AS_IN[field]}"
        case "string_pattern_mismatch" | "string_type" if field in {"cool_down", "hold"}:
            return f"must be a number with one of the units s, m, h, d, w, as in 30d, found {_kind(value)}"
        case "match":
            return f"must be all, any or {{at_least: 2}} (a whole number from 1), found {_kind(value)}"
        case "too_short" if field in MEMBER_KINDS:
            return "add at least one criterion to the group"
        case "too_short":
            return f"name at least one scoring model with its threshold, as in {_AS_IN['criteria']}"
        case "dict_type" if not error["loc"]:
            return f"must be a model with the fields id, name, match, criteria, actions, found {_kind(value)}"
        case "dict_type":
            return f"must be a mapping, such as {field: value}, found {_kind(value)}"
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


def _unknown(error: ErrorDetails, known: Mapping[str, Nearest]) -> str:
    field = str(error["loc"][-1])
    if field in _ELSEWHERE:
        return f"does not belong here: {_ELSEWHERE[field]}"
    parents = [part for part in error["loc"][:-1] if isinstance(part, str)]
    place = parents[-1] if parents else ""
    close = known[place].to(field) if place in known else None
    fields = ", ".join(_FIELDS.get(place, ()))
    return f"is unknown: {f'did you mean {close}?' if close else f'the fields here are {fields}'}"


def _kind(value: object) -> str:
    # People who write a model think of fields and lists, not of JSON.
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else kind(value)
