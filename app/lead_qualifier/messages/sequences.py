"""Sequences: their definitions as people write them, what connects and answers, and what a sequence tells."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Discriminator, Field, Tag, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, FORM, READ_STRICTLY, Id, Timestamp, Value
from lead_qualifier.messages.lead_messages import EventId, LeadId
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Duration

StepId = Annotated[Id, Field(description="Identifies the step within its sequence.")]
SequenceId = Annotated[Id, Field(description="The sequence.")]
_Subject = Annotated[Id, Field(description="Its subject, for whoever takes the step.")]
_Template = Annotated[Id, Field(description="Which template to use.")]
_Text = Annotated[Id, Field(description="What to write, say or do.")]
_DueWithin = Annotated[Duration, Field(description="How long there is for it: 4h, 2d. Absent: it is due at once.")]


@with_config(EMITTED)
class ActivityStep(TypedDict):
    """Somebody is to write, call or do something; the sequence goes on when activity-completed says that it is done."""

    id: StepId
    kind: Literal["email", "phone_call", "task"]
    subject: NotRequired[_Subject]
    template: NotRequired[_Template]
    text: NotRequired[_Text]
    due_within: NotRequired[_DueWithin]


@with_config(EMITTED)
class AutomatedEmailStep(TypedDict):
    """A mail is to be sent by a machine; the sequence goes on at once."""

    id: StepId
    kind: Literal["automated_email"]
    subject: NotRequired[_Subject]
    template: NotRequired[_Template]
    text: NotRequired[_Text]


# `for` is a keyword of Python, so this cannot be written as a class.
WaitStep = TypedDict(
    "WaitStep",
    {
        "id": StepId,
        "kind": Literal["wait"],
        "for": Annotated[Duration, Field(description="So long, at most 30d. Never the last step.")],
    },
)
with_config(EMITTED)(WaitStep)


@with_config(EMITTED)
class UpdateFieldStep(TypedDict):
    """The CRM is to set a value of the lead, a field or an attribute; the sequence goes on at once."""

    id: StepId
    kind: Literal["update_field"]
    field: NotRequired[Annotated[Id, Field(description="One of the lead's own: status_reason, owner_id or such.")]]
    attribute: NotRequired[Annotated[Id, Field(description="The name of an attribute.")]]
    value: Annotated[Value, Field(description="What it is to become.")]


@with_config(EMITTED)
class AdvanceStep(TypedDict):
    """Leave for another sequence. Never the first step, and none follows it."""

    id: StepId
    kind: Literal["advance"]
    to: Annotated[Id, Field(description="The sequence to go on with.")]


@with_config(EMITTED)
class BranchTest(TypedDict):
    """Exactly one of when, replied, or result_of with equals."""

    when: NotRequired[ConditionDefinition]
    replied: NotRequired[
        Annotated[
            bool, Field(description="Whether the lead has answered since it was connected. Needs on_reply: false.")
        ]
    ]
    result_of: NotRequired[Annotated[Id, Field(description="An earlier step; its result is compared with equals.")]]
    equals: NotRequired[Annotated[Id, Field(description="The result that is meant, as activity-completed names it.")]]
    within: NotRequired[
        Annotated[
            Duration,
            Field(description="Wait so long at most for it to become so, at most 30d. Absent: decided at once."),
        ]
    ]


@with_config(EMITTED)
class BranchStep(TypedDict):
    """One way or the other; after either the sequence goes on behind the branch."""

    id: StepId
    branch: BranchTest
    yes: NotRequired[list[StepDefinition]]
    no: NotRequired[list[StepDefinition]]


_FORMS = {
    "email": "activity",
    "phone_call": "activity",
    "task": "activity",
    "automated_email": "mail",
    "wait": "wait",
    "update_field": "update",
    "advance": "advance",
}


def _form(definition: object) -> str:
    if not isinstance(definition, dict):
        return FORM + "activity"
    if "branch" in definition:
        return FORM + "branch"
    if "kind" not in definition:
        return FORM + "activity"
    kind = definition["kind"]
    return FORM + _FORMS.get(kind if isinstance(kind, str) else "", "none")


StepDefinition = TypeAliasType(
    "StepDefinition",
    Annotated[
        Annotated[ActivityStep, Tag(FORM + "activity")]
        | Annotated[AutomatedEmailStep, Tag(FORM + "mail")]
        | Annotated[WaitStep, Tag(FORM + "wait")]
        | Annotated[UpdateFieldStep, Tag(FORM + "update")]
        | Annotated[AdvanceStep, Tag(FORM + "advance")]
        | Annotated[BranchStep, Tag(FORM + "branch")],
        Discriminator(
            _form,
            custom_error_type="kind_of_step",
            custom_error_message="kind must be one of {kinds}",
            custom_error_context={"field": "kind", "kinds": ", ".join(_FORMS)},
        ),
    ],
)


@with_config(EMITTED)
class ConnectDefinition(TypedDict):
    """What connects leads by itself, besides sequence-connections."""

    on: Annotated[
        Literal["lead-qualified", "lead-assigned"],
        Field(description="Each qualification, or each assignment to a seller."),
    ]
    models: NotRequired[
        Annotated[
            list[Id],
            Field(min_length=1, description="Of lead-qualified: only by these qualification models. Absent: all."),
        ]
    ]
    when: NotRequired[ConditionDefinition]
    wait: NotRequired[Annotated[Duration, Field(description="How long to wait before the first step, at most 30d.")]]


@with_config(EMITTED)
class ExitDefinition(TypedDict):
    """What ends the sequence for a lead before its last step. That the lead is closed always does."""

    on_reply: NotRequired[Annotated[bool, Field(description="Whether an answer of the lead does. Absent: yes.")]]
    when: NotRequired[ConditionDefinition]


@with_config(EMITTED)
class SequenceDefinition(TypedDict):
    """A sequence: the steps that sales takes with a lead, one after the other."""

    id: Annotated[Id, Field(description="Identifies the sequence, over all its versions.")]
    name: NotRequired[Annotated[Id, Field(description="For people.")]]
    connect: NotRequired[ConnectDefinition]
    exit: NotRequired[ExitDefinition]
    steps: Annotated[list[StepDefinition], Field(min_length=1, max_length=100)]


@with_config(READ_STRICTLY)
class SequenceConnection(TypedDict):
    """A lead is to be connected to a sequence, or disconnected from it."""

    event_id: EventId
    lead_id: LeadId
    sequence_id: SequenceId
    occurred_at: Annotated[Timestamp, Field(description="When it was ordered.")]
    action: Literal["connect", "disconnect"]
    segment: NotRequired[Annotated[Id, Field(description="Of connect: the segment that the lead comes from.")]]
    source: NotRequired[Annotated[Id, Field(description="Of connect: who or what connects it.")]]
    wait: NotRequired[
        Annotated[Duration, Field(description="Of connect: how long to wait before the first step, at most 30d.")]
    ]
    owner_id: NotRequired[
        Annotated[Id, Field(description="Of connect: who takes the steps. Absent: whoever the lead is assigned to.")]
    ]


@with_config(READ_STRICTLY)
class ActivityCompleted(TypedDict):
    """Something was done about a lead."""

    event_id: EventId
    lead_id: LeadId
    occurred_at: Annotated[Timestamp, Field(description="When it was done.")]
    kind: Annotated[
        Literal["email", "automated_email", "phone_call", "task", "reply", "other"],
        Field(description="What was done. reply: the lead answered."),
    ]
    step_event_id: NotRequired[Annotated[Id, Field(description="event_id of the sequence-step-due that it answers.")]]
    result: NotRequired[Annotated[Id, Field(description="How it went, in a word that branches may ask for.")]]
    direction: NotRequired[
        Annotated[Literal["incoming", "outgoing"], Field(description="incoming: it came from the lead: a reply.")]
    ]
    automatic: NotRequired[
        Annotated[
            bool,
            Field(
                description="true: a machine sent it: an out-of-office reply, a bounce. Then neither has the lead "
                "answered nor sales acted, whatever kind and direction say. `result` is kept for branches."
            ),
        ]
    ]


_Version = Annotated[int, Field(ge=1, description="The published version that the lead was connected to.")]
_Number = Annotated[int, Field(ge=1, description="The how manieth time this lead is connected to this sequence.")]
_Segment = Annotated[Id, Field(description="The segment that the lead came from, as whoever connected it said.")]
_Source = Annotated[
    Id, Field(description="Who or what connected it: as said, or lead-qualified, lead-assigned, sequence/<id>.")
]
_Occurred = Annotated[Timestamp, Field(description="When that occurred which moved the lead on last.")]
_Trigger = Annotated[Trigger, Field(description="The record that moved the lead on last.")]


@with_config(EMITTED)
class SequenceStepDue(TypedDict):
    """A step is to be taken for a lead. Emitted once per step and connection; read it with read_committed."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) made of lead, sequence, version, connection number, the event that "
            "connected it, and step: the same step always has the same. activity-completed names it as step_event_id."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[Annotated[Id, Field(description="The contact behind the lead.")]]
    sequence_id: SequenceId
    sequence_version: _Version
    connection_number: _Number
    step_id: StepId
    kind: Annotated[
        Literal["email", "automated_email", "phone_call", "task", "update_field"], Field(description="What to do.")
    ]
    data: Annotated[
        dict[str, Value],
        Field(description="The step's subject, template and text; of update_field its field or attribute, and value."),
    ]
    owner_id: NotRequired[Annotated[Id, Field(description="Who is to take the step.")]]
    segment: NotRequired[_Segment]
    due_at: Annotated[Timestamp, Field(description="By when.")]
    occurred_at: _Occurred
    trigger: _Trigger


@with_config(EMITTED)
class SequenceChanged(TypedDict):
    """A lead's connection to a sequence is in another state."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) made of lead, sequence, version, connection number, the event that "
            "connected it, and state."
        ),
    ]
    lead_id: LeadId
    sequence_id: SequenceId
    sequence_version: _Version
    connection_number: _Number
    state: Annotated[
        Literal["connecting", "connected", "completed", "error", "disconnected"],
        Field(description="connecting: the wait before the first step. The last three are ends."),
    ]
    reason: NotRequired[
        Annotated[
            Literal[
                "user",
                "parent_deactivated",
                "lead_deactivated",
                "exit_criterion_met",
                "advanced",
                "advance_target_not_live",
            ],
            Field(
                description="Of disconnected and error. parent_deactivated: the sequence was stopped. "
                "lead_deactivated: the lead was closed or merged. advance_target_not_live: publish that sequence, and "
                "connect the lead."
            ),
        ]
    ]
    step_id: NotRequired[Annotated[Id, Field(description="Of an end before the last step: where the lead stood.")]]
    segment: NotRequired[_Segment]
    source: NotRequired[_Source]
    occurred_at: _Occurred
    trigger: _Trigger
