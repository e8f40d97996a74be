"""Assignment: definitions as people write them, sellers, and the decisions that it emits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, NotRequired
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, TypeAdapter, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict
from tzlocal.windows_tz import win_tz

from lead_qualifier.messages import id_form
from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.decode import decode
from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.fields import EMITTED, READ_STRICTLY, DisplayName, Id, Models, Timestamp, Value
from lead_qualifier.messages.lead_messages import EventId, LeadId
from lead_qualifier.messages.lead_qualified import LeadChangedOffset, Trigger
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.shortening import cut

#: Names of the zone database that do not name a place: their time depends on the machine.
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
_ZONES = frozenset(available_timezones()) - _NO_PLACES


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("day", "must be a date that exists") from None
    return text


def _hours(hours: list[str]) -> list[str]:
    start, end = hours
    if start in {end, "24:00"}:
        raise PydanticCustomError("hours", "must start and end at different times")
    return hours


TimeZone = Id
Clock = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", description="Time of day, HH:MM.")]
Hours = Annotated[
    list[Clock],
    Field(
        min_length=2,
        max_length=2,
        description="Start and end of a shift, which must differ. A shift that ends before it starts runs "
        "past midnight.",
    ),
    AfterValidator(_hours),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
Attributes = Annotated[dict[str, Value], Field(description="Attributes that conditions can test.")]


@with_config(EMITTED)
class Capacity(TypedDict):
    """A seller's capacity."""

    max: Annotated[int, Field(ge=0, description="How many leads the seller takes at a time.")]


@with_config(EMITTED)
class SellerChanged(TypedDict):
    """The current state of a seller. An absent field has its default. A record without value: the seller has left.

    Unknown fields are refused, because a misspelled one would leave the seller without the limit it sets.
    """

    event_id: EventId
    seller_id: Annotated[Id, Field(description="The seller's id; also the record's key.")]
    occurred_at: Annotated[
        Timestamp, Field(description="When it changed. Ignored if older than the change already held.")
    ]
    name: NotRequired[DisplayName]
    attributes: NotRequired[Attributes]
    time_zone: Annotated[TimeZone, Field(description="Time zone of the work hours: an IANA name, or the Windows name.")]
    work_hours: NotRequired[
        Annotated[dict[Weekday, list[Hours]], Field(description="Shifts by weekday. Absent: always at work.")]
    ]
    days_off: NotRequired[Annotated[list[Day], Field(description="Dates on which no shift starts.")]]
    capacity: NotRequired[
        Annotated[Capacity, Field(description="How many leads the seller takes at a time. Absent: no limit.")]
    ]
    available: NotRequired[
        Annotated[bool, Field(description="false: takes no leads for now, whatever the work hours. Absent: true.")]
    ]
    status: NotRequired[
        Annotated[Literal["active", "inactive"], Field(description="Inactive sellers get no leads. Absent: `active`.")]
    ]


@with_config(EMITTED)
class SellersDefinition(TypedDict):
    """Sellers: those who meet a condition, or those with these ids."""

    when: NotRequired[ConditionDefinition]
    ids: NotRequired[Annotated[list[Id], Field(min_length=1, description="Ids of sellers.")]]


@with_config(EMITTED)
class PlaceDefinition(TypedDict):
    """A team or a queue: by its id, or the only one that meets a condition."""

    when: NotRequired[ConditionDefinition]
    id: NotRequired[Annotated[Id, Field(description="Id of the team or queue.")]]


@with_config(EMITTED)
class RuleDefinition(TypedDict):
    """A rule assigns to exactly one of `sellers`, `team` and `queue`. Without `when` it matches every lead of its
    segment.
    """

    id: Annotated[Id, Field(description="Identifies the rule within its segment.")]
    when: NotRequired[ConditionDefinition]
    sellers: NotRequired[SellersDefinition]
    team: NotRequired[PlaceDefinition]
    queue: NotRequired[PlaceDefinition]
    distribute: NotRequired[
        Annotated[
            Literal["round_robin", "load_balancing"],
            Field(
                description="Who of the sellers gets the lead. `round_robin`: each in turn. `load_balancing`: the one "
                "with the most capacity left. Absent: `round_robin`."
            ),
        ]
    ]
    available_within: NotRequired[
        Annotated[
            str,
            Field(
                pattern=r"^([1-9]|[1-9][0-9]|1[01][0-9]|120)h$",
                description="Also consider sellers whose work hours start within this time, 1h to 120h. Absent: only "
                "sellers who are at work.",
            ),
        ]
    ]


@with_config(EMITTED)
class SegmentDefinition(TypedDict):
    """A segment of leads. Of the segments that match a lead, the one with the highest priority assigns it."""

    id: Annotated[Id, Field(description="Identifies the segment within the definition.")]
    priority: Annotated[int, Field(description="Higher numbers come first. No two segments have the same priority.")]
    when: NotRequired[ConditionDefinition]
    rules: Annotated[
        list[RuleDefinition], Field(max_length=10, description="The first rule that matches a lead assigns it.")
    ]


@with_config(EMITTED)
class TeamOrQueue(TypedDict):
    """A team or a queue that rules can assign leads to."""

    id: Annotated[Id, Field(description="Identifies the team or queue.")]
    attributes: NotRequired[Attributes]


@with_config(EMITTED)
class AssignmentDefinition(TypedDict):
    """Who gets which qualified leads."""

    id: Annotated[Id, Field(description="Identifies the definition across its versions.")]
    name: NotRequired[DisplayName]
    models: NotRequired[Models]
    max_age: NotRequired[
        Annotated[
            str,
            Field(
                pattern=r"^[1-9][0-9]{0,4}[smhdw]$",
                description="How long after its qualification a lead can be assigned, such as 30d. Absent: no limit.",
            ),
        ]
    ]
    check_capacity: NotRequired[
        Annotated[bool, Field(description="false: sellers may get more leads than their capacity. Absent: true.")]
    ]
    departed: NotRequired[
        Annotated[
            Literal["keep", "reassign"],
            Field(
                description="What happens to the leads of a seller who becomes inactive or is deleted. `keep` "
                "(default): they stay, and `lead-assigned` reports it with `owner_departed`. "
                "`reassign`: they are assigned again."
            ),
        ]
    ]
    segments: Annotated[
        list[SegmentDefinition], Field(min_length=1, max_length=250, description="Which leads go to whom.")
    ]
    teams: NotRequired[Annotated[list[TeamOrQueue], Field(description="The teams that rules can assign leads to.")]]
    queues: NotRequired[Annotated[list[TeamOrQueue], Field(description="The queues that rules can assign leads to.")]]


@with_config(EMITTED)
class AssignmentResult(TypedDict):
    """The result of the decision. 3 (`server_issue`) and 10 (`lacks_privileges`) are only set by the CRM."""

    code: Annotated[int, Field(ge=1, le=15, description="The result, as a number.")]
    name: Annotated[Id, Field(description="The result, as a word.")]


@with_config(EMITTED)
class AssignmentOwner(TypedDict):
    """Who owns the lead."""

    kind: Annotated[Literal["seller", "team", "queue"], Field(description="What the owner is.")]
    id: Annotated[Id, Field(description="Id of the seller, team or queue.")]


@with_config(EMITTED)
class ConsideredSeller(TypedDict):
    """A seller that was considered, and why they were chosen or not."""

    seller_id: Annotated[Id, Field(description="The seller.")]
    why: Annotated[
        Literal["chosen", "not_next", "conditions", "inactive", "unavailable", "no_capacity"],
        Field(
            description="`not_next`: another seller was chosen. `conditions`: does not meet the rule's conditions. "
            "`unavailable`: not at work, nor soon enough."
        ),
    ]


@with_config(EMITTED)
class LeadAssigned(TypedDict):
    """What the assignment service decided about a lead. A lead that was not assigned waits, except after code 11, and
    may be decided on again.
    """

    event_id: EventId
    lead_id: LeadId
    result: AssignmentResult
    assignment_id: NotRequired[Annotated[Id, Field(description="The definition that decided.")]]
    assignment_version: NotRequired[Annotated[int, Field(ge=1, description="The published version that decided.")]]
    segment: NotRequired[Annotated[Id, Field(description="The segment that matched the lead.")]]
    rule: NotRequired[Annotated[Id, Field(description="The rule that matched the lead.")]]
    owner: NotRequired[AssignmentOwner]
    owner_departed: NotRequired[
        Annotated[
            Literal["inactive", "left"],
            Field(
                description="The seller who owns the lead became inactive or was deleted, and the lead stays with "
                "them. This is a notice, not an assignment: the other fields repeat the assignment."
            ),
        ]
    ]
    previous_owner_id: NotRequired[Annotated[Id, Field(description="Who owned the lead before.")]]
    considered: Annotated[list[ConsideredSeller], Field(description="The sellers that were considered.")]
    considered_more: NotRequired[Annotated[int, Field(ge=1, description="How many further sellers are not listed.")]]
    decision_number: Annotated[
        int, Field(ge=1, description="Number of the decision, in one sequence of all decisions.")
    ]
    queue_offset: Annotated[
        int, Field(ge=0, description="Offset in `assignment-queue` of the record that led to this decision.")
    ]
    decided_at: Annotated[Timestamp, Field(description="When this was decided.")]
    occurred_at: Annotated[Timestamp, Field(description="When the triggering event occurred.")]
    trigger: Trigger
    lead_changed_offset: NotRequired[LeadChangedOffset]


@with_config(READ_STRICTLY)
class AssignmentQueued(TypedDict):
    """An input of the assignment service. Internal: its other fields depend on `type`."""

    type: Annotated[
        Literal["qualified", "changed", "closed", "seller", "command", "tick"], Field(description="The kind of input.")
    ]


@with_config(READ_STRICTLY)
class AssignmentState(TypedDict):
    """A lead, seller, definition, counter or timer of the assignment service. Internal: its other fields depend on
    `type`.
    """

    type: Annotated[
        Literal["lead", "seller", "definition", "counters", "alarm"], Field(description="The kind of state.")
    ]


@with_config(EMITTED)
class AssignmentRelayState(TypedDict):
    """Nothing: the topic holds only checkpoints."""


_LONGEST_ZONE = 60
_SELLER_FIELDS = {"": tuple(SellerChanged.__annotations__), "capacity": tuple(Capacity.__annotations__)}
_seller: Callable[[bytes], SellerChanged] = TypeAdapter(SellerChanged).validator.validate_json


def decode_seller_changed(key: bytes | None, value: bytes | None, headers: Any = None) -> SellerChanged | str:
    """The message, or the id of a seller who left. Raises BadMessage."""
    if value is None:
        try:
            seller_id = (key or b"").decode()
        except UnicodeDecodeError:
            seller_id = ""
        if not seller_id:
            raise BadMessage(Finding("no_seller_id"), "seller_id", BadMessageClass.WRONG_KEY)
        if (form := id_form.required) is not None:
            form.check("seller_id", seller_id)
        return seller_id
    message = decode(_seller, "seller_id", key, value, headers, closed=_SELLER_FIELDS)
    message["time_zone"] = _zone(message["time_zone"])
    return message


def _zone(name: str) -> str:
    """The IANA name of a time zone. Raises BadMessage."""
    zone = name if name in _ZONES else win_tz.get(name)
    if zone is None:
        raise BadMessage(Finding("unknown_zone", name=repr(cut(name, _LONGEST_ZONE))), "time_zone")
    return zone
