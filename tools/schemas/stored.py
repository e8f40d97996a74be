"""The types of stored records, made from the structs that store them.

A struct gives the fields, their types, which of them are always written, and the descriptions: the first paragraph of
its docstring, and the docstring below each field.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo
from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.definitions.qualification_models import entries
from lead_qualifier.downstream import lead_snapshot
from lead_qualifier.follow_up import deciding as follow_up
from lead_qualifier.journeys import deciding as journeys
from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, Id, Number, Timestamp, Value
from lead_qualifier.messages.follow_up import StageName
from lead_qualifier.qualification import criteria, leads, models
from lead_qualifier.qualification.lead_fields import Status, StatusReason
from lead_qualifier.qualification.utc import Moment
from lead_qualifier.sequences import connections as sequences
from tools.docstrings import below_fields

_Positive = Annotated[int, Field(ge=1)]
_NotNegative = Annotated[int, Field(ge=0)]


@with_config(EMITTED)
class StoredAtLeast(TypedDict):
    """A number of criteria must be met."""

    at_least: _Positive


class StoredGroup(NamedTuple):
    """A group of criteria that counts as one: a list of how many of its members must be met, and the members."""

    match: Literal["all", "any"] | StoredAtLeast
    members: list[StoredMember]


StoredMember = TypeAliasType("StoredMember", int | StoredGroup)
"""The index of a criterion, or a group."""

#: Published types of the types that structs have.
_TYPES: dict[Any, Any] = {
    str: Id,
    float: Number,
    Moment: Timestamp,
    timedelta: Annotated[str, WithJsonSchema({"type": "string", "format": "duration"})],
    criteria.AtLeast: StoredAtLeast,
    criteria.Group: StoredGroup,
    criteria.Member: StoredMember,
}
#: Published types of single fields. Processors do not validate the state that they read, so structs are less exact.
_FIELDS: dict[tuple[type[Struct], str], Any] = {
    (leads.Lead, "status"): Status,
    (leads.Lead, "status_reason"): StatusReason,
    (leads.Lead, "attributes"): dict[str, str | int | float | bool],
    (leads.Lead, "erasure"): _NotNegative,
    (leads.Mark, "version"): _Positive,
    (leads.Mark, "number"): _Positive,
    (leads.Hold, "version"): _Positive,
    (leads.Trigger, "partition"): _NotNegative,
    (leads.Trigger, "offset"): _NotNegative,
    (models.QualificationModel, "audience"): ConditionDefinition,
    (models.QualificationModel, "fast_track"): ConditionDefinition,
    (entries.ModelEntry, "revision"): _Positive,
    (entries.ModelEntry, "version"): _Positive,
    (entries.ModelEntry, "published_revision"): _Positive,
    (entries.ModelEntry, "publish_command_offset"): _NotNegative,
    (entries.ScoringModelEntry, "revision"): _Positive,
    (entries.ScoringModelEntry, "name"): str,
    (entries.FeatureEntry, "revision"): _Positive,
    (Entry, "revision"): _NotNegative,
    (Entry, "version"): _Positive,
    (ProcessedCommand, "message"): str,
    (ProcessedCommand, "warnings"): list[str],
    (lead_snapshot.LeadSnapshot, "status"): str,
    (lead_snapshot.LeadSnapshot, "status_reason"): str,
    (lead_snapshot.LeadSnapshot, "owner_id"): str | None,
    (lead_snapshot.LeadSnapshot, "contact_id"): str | None,
    (lead_snapshot.LeadSnapshot, "attributes"): dict[str, Value],
    (lead_snapshot.LeadSnapshot, "qualified_flags"): list[str],
    (lead_snapshot.Flag, "said"): str | bool,
    (lead_snapshot.Erased, "offset"): _NotNegative,
    (journeys.Entries, "number"): _Positive,
    (sequences.Connection, "version"): _Positive,
    (sequences.Connection, "number"): _Positive,
    (sequences.Connection, "at"): _NotNegative,
    (sequences.Connection, "results"): dict[str, str],
    (follow_up.Running, "reported"): _Positive,
}
#: Published names of structs, if not the struct's own name after `Stored`.
_NAMES: dict[type[Struct], str] = {
    models.QualificationModel: "StoredDefinition",
    entries.ModelEntry: "ModelState",
    entries.ScoringModelEntry: "ScoringModelState",
    entries.FeatureEntry: "FeatureState",
    entries.ProcessedCommands: "AnswersState",
    ProcessedCommand: "StoredAnswer",
    lead_snapshot.LeadSnapshot: "StoredFacts",
    lead_snapshot.Erased: "StoredErasure",
    follow_up.Running: "StoredStage",
}


#: msgspec omits a default that a factory makes only if it is an empty collection.
_OMITTED_IF_EMPTY = (NODEFAULT, list, dict, set)


@cache
def stored(struct: type[Struct]) -> Any:
    """The type that describes a struct's JSON to pydantic."""
    config = struct.__struct_config__
    fields: dict[str, Any] = {}
    if config.tag_field is not None:
        fields[config.tag_field] = Literal[config.tag]
    for field in msgspec.structs.fields(struct):
        type_ = _FIELDS.get((struct, field.name)) or _published(field.type)
        if description := " ".join(_described(struct, field)):
            type_ = Annotated[type_, Field(description=description)]
        may_be_absent = config.omit_defaults and not field.required and field.default_factory in _OMITTED_IF_EMPTY
        fields[field.encode_name] = NotRequired[type_] if may_be_absent else type_
    made: Any = TypedDict(_NAMES.get(struct, f"Stored{struct.__name__}"), fields)  # type: ignore[misc]
    made.__doc__ = (inspect.getdoc(struct) or "").split("\n\n")[0]
    return with_config(EMITTED)(made)


def _published(type_: Any) -> Any:
    if type_ in _TYPES:
        return _TYPES[type_]
    if isinstance(type_, type) and issubclass(type_, Struct):
        return stored(type_)
    arguments = get_args(type_)
    if get_origin(type_) is dict:
        key, value = arguments
        return dict[key, _published(value)]  # type: ignore[misc,valid-type]
    if get_origin(type_) in {list, tuple}:
        return list[_published(arguments[0])]  # type: ignore[misc]
    if type(None) in arguments or any(one in _TYPES for one in arguments):
        return Union[tuple(_published(one) for one in arguments if one is not type(None))]  # noqa: UP007  made of parts
    return type_


def _described(struct: type[Struct], field: FieldInfo) -> Iterator[str]:
    docstrings: dict[str, str] = {}
    for part in reversed(struct.__mro__):
        docstrings |= _docstrings(part)
    if field.name in docstrings:
        yield docstrings[field.name]
    if timedelta in {field.type, *get_args(field.type)}:
        yield "An ISO 8601 duration, such as P30D."
    if isinstance(field.default, bool):
        yield f"Absent: {'true' if field.default else 'false'}."
    elif isinstance(field.default, str) and field.default:
        yield f"Absent: {field.default}."


@cache
def _docstrings(class_: type) -> dict[str, str]:
    """The docstrings below the fields of a class, each in one line."""
    if not issubclass(class_, Struct) or class_ is Struct:
        return {}
    return below_fields(class_)


_FIELDS[follow_up.LeadState, "running"] = dict[str, dict[StageName, stored(follow_up.Running)]]  # type: ignore[misc]
