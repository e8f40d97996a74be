"""Conditions, as people write them in definitions."""

from __future__ import annotations

from typing import Annotated, NotRequired, cast

from pydantic import Discriminator, Field, GetJsonSchemaHandler, GetPydanticSchema, Tag, with_config
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.fields import EMITTED, FORM, Id, Number, Value

_Value = Annotated[Value, Field(description="Text, a number, true or false.")]


@with_config(EMITTED)
class Test(TypedDict):
    """Tests one value. `field` or `attribute` names the value; of several tests, all must be met.

    A missing value, or one of another type than the value compared with, meets only `exists: false`, `not_equals` and
    `none_of`. Text comparison is case-sensitive.
    """

    field: NotRequired[
        Annotated[
            Id,
            Field(
                description="A field of the lead: `status`, `status_reason`, `sales_ready`, `owner_id` or `contact_id`."
            ),
        ]
    ]
    attribute: NotRequired[Annotated[Id, Field(description="Name of an attribute.")]]
    equals: NotRequired[_Value]
    not_equals: NotRequired[_Value]
    one_of: NotRequired[Annotated[list[_Value], Field(min_length=1, description="The value is one of these.")]]
    none_of: NotRequired[Annotated[list[_Value], Field(min_length=1, description="The value is none of these.")]]
    at_least: NotRequired[Annotated[Number, Field(description="The number is this or higher.")]]
    at_most: NotRequired[Annotated[Number, Field(description="The number is this or lower.")]]
    above: NotRequired[Annotated[Number, Field(description="The number is higher than this.")]]
    below: NotRequired[Annotated[Number, Field(description="The number is lower than this.")]]
    contains: NotRequired[Annotated[Id, Field(description="The text contains this.")]]
    starts_with: NotRequired[Annotated[Id, Field(description="The text starts with this.")]]
    exists: NotRequired[Annotated[bool, Field(description="true: there is a value. false: there is none.")]]
    same_as: NotRequired[
        Annotated[
            Id,
            Field(description="Only for a seller's attribute: it equals the lead's attribute with this name."),
        ]
    ]


@with_config(EMITTED)
class AllOf(TypedDict):
    """All of these conditions must be met."""

    all: Annotated[list[ConditionDefinition], Field(min_length=1, description="The conditions.")]


@with_config(EMITTED)
class AnyOf(TypedDict):
    """At least one of these conditions must be met."""

    any: Annotated[list[ConditionDefinition], Field(min_length=1, description="The conditions.")]


Not = TypedDict("Not", {"not": "ConditionDefinition"})
with_config(EMITTED)(Not)


def _form(definition: object) -> str:
    """The member of the union that is most likely meant: errors are about that one."""
    if isinstance(definition, dict):
        for how in ("all", "any", "not"):
            if how in definition:
                return FORM + how
    return FORM + "test"


def _any_of(schema: object, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """With `anyOf`: the schema of a test allows further fields, so every condition meets that one too."""
    found = handler(cast("CoreSchema", schema))
    found["anyOf"] = found.pop("oneOf")
    return found


ConditionDefinition = TypeAliasType(
    "ConditionDefinition",
    Annotated[
        Annotated[Test, Tag(FORM + "test")]
        | Annotated[AllOf, Tag(FORM + "all")]
        | Annotated[AnyOf, Tag(FORM + "any")]
        | Annotated[Not, Tag(FORM + "not")],
        Discriminator(_form),
        GetPydanticSchema(get_pydantic_json_schema=_any_of),
    ],
)
