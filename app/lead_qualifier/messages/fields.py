"""Field types that messages share: ids, numbers, times, attribute values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetPydanticSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

#: How every message is read: without conversions ("83" is not a number), ignoring unknown fields.
READ_STRICTLY = ConfigDict(strict=True, extra="ignore")


def _leave_open(schema: dict[str, Any]) -> None:
    schema.pop("additionalProperties", None)


#: How tests check what we emit: no unknown fields. The schema stays open, because later versions may add fields.
EMITTED = ConfigDict(strict=True, extra="forbid", json_schema_extra=_leave_open)

#: Starts the tag of a union member. Tags appear in the paths of validation errors, and in no definition.
FORM = "="

_DATE_AND_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_OFFSET = r"[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]"

#: RFC 3339, including lowercase letters and a space between date and time. Digits beyond microseconds are cut off.
RFC_3339 = rf"{_DATE_AND_TIME}(?:[Zz]|{_OFFSET})$"
_RFC_3339_UPPER = rf"{_DATE_AND_TIME}(?:Z|{_OFFSET})$"


def _from_lower_case(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def _timestamp_schema(_source: object, _handler: object) -> CoreSchema:
    # pydantic's own datetime also accepts "1700000000", a comma, an underscore and times without seconds. This accepts
    # RFC 3339 only, is as fast, and returns datetime.timezone.utc, which compares three times faster than pydantic's.
    return core_schema.union_schema(
        [
            core_schema.no_info_after_validator_function(
                datetime.fromisoformat, core_schema.str_schema(strict=True, pattern=_RFC_3339_UPPER)
            ),
            core_schema.no_info_after_validator_function(
                _from_lower_case, core_schema.str_schema(strict=True, pattern=RFC_3339)
            ),
        ],
        mode="left_to_right",
        custom_error_type="rfc_3339",
        custom_error_message="must be a time with time zone (RFC 3339)",
    )


def _timestamp_json_schema(_schema: CoreSchema, _handler: object) -> JsonSchemaValue:
    return {"type": "string", "format": "date-time", "pattern": RFC_3339}


Timestamp = Annotated[datetime, GetPydanticSchema(_timestamp_schema, get_pydantic_json_schema=_timestamp_json_schema)]
"""A time with its time zone; RFC 3339 on the wire."""

Id = Annotated[str, Field(min_length=1)]
"""Any non-empty text."""
DisplayName = Annotated[Id, Field(description="Display name.")]
Models = Annotated[
    list[Id],
    Field(min_length=1, description="Only leads that these qualification models have qualified. Absent: all models."),
]

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite JSON number, read as an IEEE 754 double."""


def _one_of(*members: Any, kind: str, message: str) -> GetPydanticSchema:
    def schema(_source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.union_schema(
            [handler.generate_schema(member) for member in members],
            custom_error_type=kind,
            custom_error_message=message,
        )

    return GetPydanticSchema(schema)


# An integer beyond 64 bits is read as a double, as JSON libraries of other languages do.
_Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]

AttributeValue = Annotated[
    str | bool | int | float | None,
    _one_of(
        str,
        bool,
        _Integer,
        Number,
        None,
        kind="attribute_value",
        message="must be text, a finite number, true, false or null",
    ),
]
"""Text, a finite number, true, false, or null."""
Value = Annotated[
    str | bool | int | float,
    _one_of(str, bool, _Integer, Number, kind="value", message="must be text, a finite number, true or false"),
]
"""Text, a finite number, true or false."""


def plain(number: float) -> float:
    """The number as people write it: 70 rather than 70.0. It is equal, and to JSON readers the same."""
    return int(number) if abs(number) < 2**53 and number == int(number) else number
