"""Journeys: definitions as people write them, and the request to enter one."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Discriminator, Field, Tag, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, FORM, DisplayName, Id, Number, Timestamp, Value
from lead_qualifier.messages.lead_messages import ContactId, LeadId
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Duration
from lead_qualifier.qualification.flags import FlagName
from lead_qualifier.qualification.lead_fields import LeadField

MOST_CARRIED = 30
"""The most values that a journey can carry."""


@with_config(EMITTED)
class OnEvent(TypedDict):
    """Each time a qualification model qualifies the lead."""

    event: Annotated[Literal["lead-qualified"], Field(description="The event.")]
    models: NotRequired[
        Annotated[
            list[Id],
            Field(min_length=1, description="Only qualifications by these qualification models. Absent: all models."),
        ]
    ]


@with_config(EMITTED)
class OnChange(TypedDict):
    """Each time a field of the lead changes to a value, by a qualification or by hand."""

    changed: Annotated[FlagName, Field(description="The field.")]
    to: Annotated[Value, Field(description="The new value. A field that already has the value does not trigger.")]


def _trigger_form(definition: object) -> str:
    return FORM + ("change" if isinstance(definition, dict) and "changed" in definition else "event")


TriggerDefinition = TypeAliasType(
    "TriggerDefinition",
    Annotated[
        Annotated[OnEvent, Tag(FORM + "event")] | Annotated[OnChange, Tag(FORM + "change")],
        Discriminator(_trigger_form),
    ],
)


@with_config(EMITTED)
class ReentryDefinition(TypedDict):
    """How often a lead may enter."""

    policy: Annotated[
        Literal["never", "after", "always"],
        Field(description="`never`: only once. `after`: again after some time. `always`: every time."),
    ]
    after: NotRequired[
        Annotated[Duration, Field(description="With policy `after`: how long after the last entry, such as 7d.")]
    ]


@with_config(EMITTED)
class WindowDefinition(TypedDict):
    """When leads may enter (wall clock)."""

    start: NotRequired[
        Annotated[Timestamp, Field(description="When the window opens. A lead that triggers earlier waits for it.")]
    ]
    end: NotRequired[Annotated[Timestamp, Field(description="When the window closes.")]]


_As = Annotated[Id, Field(description="Name in the payload. Absent: the name of the field or attribute.")]


# `as` is a keyword of Python, so these cannot be written as classes.
CarriedField = TypedDict(
    "CarriedField",
    {
        "field": Annotated[LeadField, Field(description="A field of the lead.")],
        "as": NotRequired[_As],
    },
)
CarriedAttribute = TypedDict(
    "CarriedAttribute",
    {"attribute": Annotated[Id, Field(description="Name of an attribute.")], "as": NotRequired[_As]},
)
with_config(EMITTED)(CarriedField)
with_config(EMITTED)(CarriedAttribute)


def _carried_form(definition: object) -> str:
    return FORM + ("field" if isinstance(definition, dict) and "field" in definition else "attribute")


CarriedDefinition = TypeAliasType(
    "CarriedDefinition",
    Annotated[
        Annotated[CarriedField, Tag(FORM + "field")] | Annotated[CarriedAttribute, Tag(FORM + "attribute")],
        Discriminator(_carried_form),
    ],
)


@with_config(EMITTED)
class JourneyDefinition(TypedDict):
    """A journey: which leads enter it, when and how often, and what data they carry."""

    id: Annotated[Id, Field(description="Identifies the journey across its versions.")]
    name: NotRequired[DisplayName]
    trigger: TriggerDefinition
    when: NotRequired[ConditionDefinition]
    exclude: NotRequired[ConditionDefinition]
    reentry: NotRequired[ReentryDefinition]
    window: NotRequired[WindowDefinition]
    contact: NotRequired[
        Annotated[
            Literal["required", "optional"],
            Field(description="`required`: leads without a contact do not enter. Absent: `optional`."),
        ]
    ]
    payload: NotRequired[
        Annotated[
            list[CarriedDefinition],
            Field(
                max_length=MOST_CARRIED,
                description="The lead's data that the entry carries. Absent: `status`, `status_reason`, "
                "`sales_ready` and `owner_id`.",
            ),
        ]
    ]


@with_config(EMITTED)
class TextValue(TypedDict):
    """Text."""

    type: Literal["text"]
    value: Annotated[str, Field(description="The text.")]


@with_config(EMITTED)
class NumberValue(TypedDict):
    """A number."""

    type: Literal["number"]
    value: Annotated[Number, Field(description="The number.")]


@with_config(EMITTED)
class BooleanValue(TypedDict):
    """True or false."""

    type: Literal["boolean"]
    value: Annotated[bool, Field(description="The value.")]


TypedValue = Annotated[TextValue | NumberValue | BooleanValue, Field(discriminator="type")]
"""A value with its type."""


@with_config(EMITTED)
class JourneyEntryRequested(TypedDict):
    """A lead enters a journey. Emitted once per entry; read it with `isolation.level=read_committed`."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) derived from journey, lead, entry number and triggering event: the "
            "same entry always has the same id."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[ContactId]
    binding: Annotated[Id, Field(description="What the journey is bound to: `lead/` followed by the lead's id.")]
    journey_id: Annotated[Id, Field(description="The journey that the lead enters.")]
    journey_version: Annotated[int, Field(ge=1, description="The published version that led to this decision.")]
    entry_number: Annotated[
        int,
        Field(
            ge=1,
            description="How many times the lead has entered the journey, across the journey's versions: 1 for "
            "the first.",
        ),
    ]
    payload: Annotated[
        dict[str, TypedValue],
        Field(
            max_length=MOST_CARRIED,
            description="The lead's data as it enters, by name. Missing values are omitted, never null.",
        ),
    ]
    occurred_at: Annotated[Timestamp, Field(description="When the triggering event occurred.")]
    trigger: Trigger
