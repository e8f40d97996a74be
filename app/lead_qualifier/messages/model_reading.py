"""Reads a qualification model as people write it: the model, or every problem and how to correct it."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any, TypeVar, cast

from lead_qualifier.messages.conditions import Test
from lead_qualifier.messages.definition_file import parse_definition, read_definition_file
from lead_qualifier.messages.definition_form import form_problems, written_kind
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.messages.fields import FORM
from lead_qualifier.messages.lead_flags import ActionsDefinition, actions_of
from lead_qualifier.messages.model_conditions import model_condition_problems
from lead_qualifier.messages.model_definition import (
    AtLeastOfDefinition,
    CriterionDefinition,
    GradeCriterionDefinition,
    MemberDefinition,
    ModelDefinition,
    OnRejectionDefinition,
    RecyclingDefinition,
    RequalificationDefinition,
)
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.messages.reasons import path
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Member
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.models import (
    InvalidModel,
    OnRejection,
    QualificationModel,
    Recycling,
    Requalification,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from lead_qualifier.messages.definition_form import Path as Steps
    from lead_qualifier.messages.definition_form import Problem

T = TypeVar("T", bound=str)

EMPTY_MODEL = Finding("empty_model_file")
"""What to say of an empty file."""


def read_model_file(file: Path) -> QualificationModel:
    """The model in a file; `-` is standard input. Raises BadDefinitionFile, also if the file cannot be read."""
    return _model(read_definition_file(file, problems_of, empty=EMPTY_MODEL))


def parse_model(content: bytes | str, source: str = "model") -> QualificationModel:
    """The model in the content of a file. `source` names the file in errors. Raises BadDefinitionFile."""
    return _model(parse_definition(content, source, problems_of, empty=EMPTY_MODEL))


def model_of(definition: object) -> QualificationModel:
    """The model that a definition describes. Raises InvalidModel with every problem found."""
    model, problems = _read(definition)
    if model is None or problems:
        raise InvalidModel([(path(where), finding) for where, finding in problems])
    return model


def problems_of(definition: object) -> list[Problem]:
    """Everything that is wrong with a definition; nothing if model_of() accepts it."""
    return _read(definition)[1]


def _read(definition: object) -> tuple[QualificationModel | None, list[Problem]]:
    """The model that a definition describes, as far as it can be read, and everything that is wrong with it."""
    if problems := _form_problems(definition):
        return None, problems
    try:
        model = _model(cast("ModelDefinition", definition))
    except InvalidModel as error:
        return None, [(_steps(field), finding) for field, finding in error.problems]
    return model, list(model_condition_problems(model))


def _steps(field: str) -> Steps:
    return tuple(int(part) if part.isdecimal() else part for part in field.split("."))


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
        existing_leads=_interned(definition.get("existing_leads", "evaluate")),
        requalification=Requalification(
            _interned(again.get("policy", "when_reset")),
            _duration(again.get("cool_down")),
        ),
        hold=_duration(definition.get("hold")),
        on_rejection=_on_rejection(definition["on_rejection"]) if "on_rejection" in definition else None,
        audience=cast("dict[str, Any] | None", definition.get("audience")),
        fast_track=cast("dict[str, Any] | None", definition.get("fast_track")),
    )


def _interned(text: T) -> T:
    """The same text; a default is then the default itself: what is stored leaves those out by identity."""
    return cast("T", intern(text))


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
            members.append(len(criteria))
            criteria.append(_criterion(one))
    return tuple(members)


def _criterion(definition: CriterionDefinition | GradeCriterionDefinition) -> Criterion:
    name, max_age = definition["scoring_model"], _duration(definition.get("max_age"))
    if "grades" in definition:
        return Criterion(name, max_age=max_age, grades=tuple(definition["grades"]))
    drop_below = definition.get("drop_below")
    return Criterion(
        name, float(definition["threshold"]), None if drop_below is None else float(drop_below), max_age=max_age
    )


# What is wrong with the form, and how to correct it.

_FIELDS: dict[str, tuple[str, ...]] = {
    "": tuple(ModelDefinition.__annotations__),
    # what asks for no grades is read as one with a threshold
    "criterion": (*CriterionDefinition.__annotations__, "grades"),
    "graded": tuple(GradeCriterionDefinition.__annotations__),
    "all": ("all",),
    "any": ("any",),
    "of": tuple(AtLeastOfDefinition.__annotations__),
    "not": ("not",),
    "test": tuple(Test.__annotations__),
    "actions": tuple(ActionsDefinition.__annotations__),
    "requalification": tuple(RequalificationDefinition.__annotations__),
    "on_rejection": tuple(OnRejectionDefinition.__annotations__),
}
_ELSEWHERE = {
    "drop_below": Finding("belongs_to_criterion", example="{scoring_model: engagement, threshold: 70, drop_below: 60}"),
    "max_age": Finding("belongs_to_criterion", example="{scoring_model: engagement, threshold: 70, max_age: 90d}"),
    "grades": Finding("belongs_to_criterion", example="{scoring_model: fit, grades: [A, B]}"),
    "hold": Finding("belongs_to_model"),
    "cool_down": Finding("belongs_to_cool_downs"),
    "requalify": Finding("belongs_to_on_rejection"),
    "reasons": Finding("belong_to_on_rejection"),
    "policy": Finding("belongs_to_requalification"),
    "groups": Finding("groups_belong_to_criteria"),
}
_AS_IN = {
    "id": "id: enterprise",
    "match": "match: all",
    "criteria": "criteria: [{scoring_model: engagement, threshold: 70}]",
    "scoring_model": "scoring_model: engagement",
    "threshold": "threshold: 70 or grades: [A, B]",
    "grades": "grades: [A, B]",
    "actions": "actions: {status_reason: marketing_qualified}",
    "of": "{at_least: 2, of: [...]}",
    "at_least": "{at_least: 2, of: [...]}",
}


_MEMBERS = frozenset({"all", "any", "of"})
_DURATIONS = frozenset({"cool_down", "hold", "max_age"})
_NOT_WITH_GRADES = {"threshold": Finding("threshold_and_grades"), "drop_below": Finding("drop_below_grades")}


def _form_problems(definition: object) -> list[Problem]:
    return form_problems(ModelDefinition, definition, _advice())


def _advice() -> Callable[[ErrorDetails], Finding | None]:
    """What to say about the errors in one definition."""
    known = {place: Nearest(fields) for place, fields in _FIELDS.items()}

    def advice(error: ErrorDetails) -> Finding | None:
        field, found = str(error["loc"][-1]) if error["loc"] else "", written_kind(error["input"])
        match error["type"]:
            case "extra_forbidden":
                return _unknown(error, known)
            case _ if error["loc"][:1] in {("audience",), ("fast_track",)}:
                return None  # its fields have the same names as those of criteria
            case "missing":
                return Finding("missing_as_in", example=_AS_IN[field])
            case "string_pattern_mismatch" | "string_type" if field in _DURATIONS:
                return Finding("must_be_duration", found=found)
            case "match":
                return Finding("must_be_match", found=found)
            case "too_short" if field in _MEMBERS:
                return Finding("no_criteria_in_group")
            case "too_short" if field == "grades":
                return Finding("no_grades_as_in", example=_AS_IN[field])
            case "too_short":
                return Finding("no_criteria_as_in", example=_AS_IN["criteria"])
            case "dict_type" if not error["loc"]:
                return Finding("must_be_model", found=found)
            case "list_type" if field == "grades":
                return Finding("must_be_grades", example=_AS_IN[field], found=found)
            case "list_type":
                return Finding("must_be_criteria", found=found)
            case _:
                return None

    return advice


def _unknown(error: ErrorDetails, known: Mapping[str, Nearest]) -> Finding:
    field = str(error["loc"][-1])
    parents = [part.removeprefix(FORM) for part in error["loc"][:-1] if isinstance(part, str)]
    place = parents[-1] if parents else ""
    if place == "graded" and field in _NOT_WITH_GRADES:
        return _NOT_WITH_GRADES[field]
    if field in _ELSEWHERE:
        return Finding("does_not_belong_here", place=_ELSEWHERE[field])
    close = known[place].to(field) if place in known else None
    fields = Finding("fields_here", fields=_FIELDS.get(place, ()))
    return Finding("unknown", advice=Finding("did_you_mean", name=close) if close else fields)
