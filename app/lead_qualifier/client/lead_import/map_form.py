"""The form of a map: the file that says what each column of an export is."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypeVar, cast
from zoneinfo import available_timezones

from pydantic import ConfigDict, Discriminator, Field, Tag, with_config
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from lead_qualifier.messages.definition_file import read_definition_file
from lead_qualifier.messages.definition_form import Problem, form_problems
from lead_qualifier.messages.fields import FORM, Id, Value
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.lead_fields import FIELD_VALUES, is_value_of

_CLOSED = ConfigDict(strict=True, extra="forbid")

AttributeType = Literal["text", "number", "boolean", "date"]


def _how_written(value: object) -> str:
    if isinstance(value, dict):
        return FORM + "column"
    return FORM + ("titles" if isinstance(value, list) else "title")


_Titles = Annotated[list[Id], Field(min_length=1)]
Titles = Annotated[
    Annotated[Id, Tag(FORM + "title")] | Annotated[_Titles, Tag(FORM + "titles")], Discriminator(_how_written)
]
"""The title of a column, or several: the first that the export has is read."""
_Values = Annotated[
    dict[str, Value | None], Field(description="What the export calls each value. null: as if the cell were empty.")
]
_Empty = Annotated[
    Literal["absent", "clear"],
    Field(description="What an empty cell says. absent (default): nothing. clear: the lead no longer has a value."),
]


@with_config(_CLOSED)
class FlagColumn(TypedDict):
    """A column of `status`, `status_reason` or `sales_ready`."""

    column: Titles
    values: NotRequired[_Values]
    otherwise: NotRequired[Annotated[Value | None, Field(description="What any value is that `values` does not name.")]]


@with_config(_CLOSED)
class IdColumn(TypedDict):
    """A column of `owner_id` or `contact_id`."""

    column: Titles
    values: NotRequired[_Values]
    empty: NotRequired[_Empty]


@with_config(_CLOSED)
class AttributeColumn(TypedDict):
    """A column that becomes an attribute."""

    column: Titles
    type: NotRequired[AttributeType]
    values: NotRequired[_Values]
    empty: NotRequired[_Empty]


@with_config(_CLOSED)
class ScoreColumn(TypedDict):
    """The columns of one scoring model."""

    column: Titles
    grade: NotRequired[Titles]
    occurred_at: NotRequired[Titles]


_Form = TypeVar("_Form")
_Column = Annotated[
    Annotated[Id, Tag(FORM + "title")]
    | Annotated[_Titles, Tag(FORM + "titles")]
    | Annotated[_Form, Tag(FORM + "column")],
    Discriminator(_how_written),
]
"""A column with all there is to say about it, or only its title or titles."""


@with_config(_CLOSED)
class FileFormat(TypedDict):
    """How the export is written."""

    encoding: NotRequired[Annotated[Id, Field(description="Such as cp1252. Absent: by its byte order mark, or UTF-8.")]]
    separator: NotRequired[
        Annotated[Literal[",", ";", "tab", "|"], Field(description="Absent: detected in the header.")]
    ]
    decimal: NotRequired[Annotated[Literal[".", ","], Field(description="The decimal sign of numbers. Absent: `.`.")]]
    dates: NotRequired[
        Annotated[
            list[Id],
            Field(min_length=1, description="Forms of dates and times, such as %d.%m.%Y %H:%M. Absent: ISO 8601."),
        ]
    ]
    time_zone: NotRequired[
        Annotated[Id, Field(description="Of times without a zone, such as Europe/Berlin. Absent: UTC.")]
    ]
    empty: NotRequired[Annotated[list[str], Field(description="Texts that mean an empty cell, such as Select or N/A.")]]
    missing_columns: NotRequired[
        Annotated[
            Literal["refuse", "skip"],
            Field(description="What to do if the export lacks a column: refuse (default) it, or do without."),
        ]
    ]


@with_config(_CLOSED)
class MapForm(TypedDict):
    """What each column of an export is."""

    file: NotRequired[FileFormat]
    lead_id: Titles
    occurred_at: NotRequired[Titles]
    status: NotRequired[_Column[FlagColumn]]
    status_reason: NotRequired[_Column[FlagColumn]]
    sales_ready: NotRequired[_Column[FlagColumn]]
    owner_id: NotRequired[_Column[IdColumn]]
    contact_id: NotRequired[_Column[IdColumn]]
    attributes: NotRequired[dict[Id, _Column[AttributeColumn]]]
    scores: NotRequired[dict[Id, _Column[ScoreColumn]]]
    ignore: NotRequired[Annotated[list[Id], Field(description="Columns that are known and not needed.")]]


_COLUMN_FIELDS = {
    "status": FlagColumn,
    "status_reason": FlagColumn,
    "sales_ready": FlagColumn,
    "owner_id": IdColumn,
    "contact_id": IdColumn,
    "attributes": AttributeColumn,
    "scores": ScoreColumn,
    "file": FileFormat,
}


def in_full(column: Any) -> Mapping[str, Any]:
    """A column of a map with all there is to say about it, also where the map has only its title or titles."""
    return column if isinstance(column, dict) else {"column": column}


def read_map(file: Path) -> dict[str, Any]:
    """The map in a file; `-` is standard input. Raises BadDefinitionFile with every problem."""
    return cast("dict[str, Any]", read_definition_file(file, problems_of, empty=Finding("empty_map")))


def problems_of(definition: object) -> list[Problem]:
    """Everything that is wrong with a map: where, and how to correct it."""
    if found := form_problems(MapForm, definition, _advice):
        return list(found)
    return list(_beyond_form(cast("dict[str, Any]", definition)))


def _advice(error: ErrorDetails) -> Finding | None:
    if error["type"] != "extra_forbidden":
        return None
    *parents, field = (str(step) for step in error["loc"] if not str(step).startswith(FORM))
    form = _COLUMN_FIELDS[parents[0]] if parents else MapForm
    return Finding("unknown", advice=Nearest(tuple(form.__annotations__)).suggestion(field))


def _beyond_form(definition: dict[str, Any]) -> Iterator[Problem]:
    yield from _file_problems(definition.get("file", {}))
    for field, known in FIELD_VALUES.items():
        column = in_full(definition.get(field))
        given: dict[tuple[str, ...], Any] = {
            (field, "values", name): value for name, value in column.get("values", {}).items()
        }
        if "otherwise" in column:
            given[field, "otherwise"] = column["otherwise"]
        for where, value in given.items():
            if value is not None and not is_value_of(field, value):
                listed = ", ".join(str(one).lower() for one in known)
                yield where, Finding("must_be_one_of_or_null", known=listed)
    if not any(definition.get(name) for name in (*FIELD_VALUES, "owner_id", "contact_id", "attributes", "scores")):
        yield (), Finding("imports_nothing")


def _file_problems(file: dict[str, Any]) -> Iterator[Problem]:
    if (encoding := file.get("encoding")) is not None:
        try:
            if not codecs.lookup(encoding)._is_text_encoding:
                raise LookupError
        except LookupError:
            yield ("file", "encoding"), Finding("unknown_encoding")
    if (zone := file.get("time_zone")) is not None and zone not in available_timezones():
        yield ("file", "time_zone"), Finding("unknown_time_zone")
    for index, form in enumerate(file.get("dates", ())):
        try:
            datetime.strptime(datetime(2026, 11, 23, 9, 30).strftime(form), form)  # noqa: DTZ001, DTZ007  only the form
        except ValueError:
            yield ("file", "dates", index), Finding("not_a_form_of_dates")
