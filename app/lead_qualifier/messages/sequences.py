"""Sequences: definitions as people write them, and the messages that sequences read and emit."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Discriminator, Field, Tag, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, FORM, READ_STRICTLY, DisplayName, Id, Timestamp, Value
from lead_qualifier.messages.lead_messages import ContactId, EventId, LeadId
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Duration

StepId = Annotated[Id, Field(description="Identifies the step within the sequence.")]
SequenceId = Annotated[Id, Field(description="The sequence's id.")]
_Subject = Annotated[Id, Field(description="Subject, for the person who takes the step.")]
_Template = Annotated[Id, Field(description="The template to use.")]
_Text = Annotated[Id, Field(description="What to write, say or do.")]
_DueWithin = Annotated[
    Duration,
    Field(description="How long there is to complete the step, such as 4h or 2d. Absent: it is due immediately."),
]


@with_config(EMITTED)
class ActivityStep(TypedDict):
    """Somebody must write, call or do something. The sequence continues when `activity-completed` reports that it is
    done.
    """

    id: StepId
    kind: Annotated[Literal["email", "phone_call", "task"], Field(description="What must be done.")]
    subject: NotRequired[_Subject]
    template: NotRequired[_Template]
    text: NotRequired[_Text]
    due_within: NotRequired[_DueWithin]


@with_config(EMITTED)
class AutomatedEmailStep(TypedDict):
    """A machine must send an email. The sequence continues immediately."""

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
        "for": Annotated[Duration, Field(description="How long to wait, at most 30d. Cannot be the last step.")],
    },
)
with_config(EMITTED)(WaitStep)


@with_config(EMITTED)
class UpdateFieldStep(TypedDict):
    """The CRM must set a field or an attribute of the lead. The sequence continues immediately."""

    id: StepId
    kind: Literal["update_field"]
    field: NotRequired[Annotated[Id, Field(description="A field of the lead, such as `status_reason` or `owner_id`.")]]
    attribute: NotRequired[Annotated[Id, Field(description="Name of an attribute.")]]
    value: Annotated[Value, Field(description="The new value.")]


@with_config(EMITTED)
class AdvanceStep(TypedDict):
    """Move the lead to another sequence. Cannot be the first step, and no step can follow it."""

    id: StepId
    kind: Literal["advance"]
    to: Annotated[Id, Field(description="The sequence that the lead moves to.")]


@with_config(EMITTED)
class BranchTest(TypedDict):
    """The test of a branch: exactly one of `when`, `replied`, and `result_of` with `equals`."""

    when: NotRequired[ConditionDefinition]
    replied: NotRequired[
        Annotated[
            bool, Field(description="Whether the lead has replied since it was connected. Requires `on_reply: false`.")
        ]
    ]
    result_of: NotRequired[Annotated[Id, Field(description="An earlier step, whose result is compared with `equals`.")]]
    equals: NotRequired[Annotated[Id, Field(description="The expected result, as in `activity-completed`.")]]
    within: NotRequired[
        Annotated[
            Duration,
            Field(description="How long to wait for the test to be met, at most 30d. Absent: decided immediately."),
        ]
    ]


@with_config(EMITTED)
class BranchStep(TypedDict):
    """Either the steps of `yes` or those of `no`, depending on a test. After either, the sequence continues after the
    branch.
    """

    id: StepId
    branch: BranchTest
    yes: NotRequired[Annotated[list[StepDefinition], Field(description="The steps to take if the test is met.")]]
    no: NotRequired[Annotated[list[StepDefinition], Field(description="The steps to take otherwise.")]]


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
    """What connects leads automatically, in addition to `sequence-connections`."""

    on: Annotated[
        Literal["lead-qualified", "lead-assigned"],
        Field(description="`lead-qualified`: each qualification. `lead-assigned`: each assignment to a seller."),
    ]
    models: NotRequired[
        Annotated[
            list[Id],
            Field(
                min_length=1,
                description="For `lead-qualified`: only qualifications by these models. Absent: all models.",
            ),
        ]
    ]
    when: NotRequired[ConditionDefinition]
    wait: NotRequired[Annotated[Duration, Field(description="How long to wait before the first step, at most 30d.")]]


@with_config(EMITTED)
class ExitDefinition(TypedDict):
    """What ends the sequence for a lead before the last step. Closing the lead always does."""

    on_reply: NotRequired[
        Annotated[bool, Field(description="Whether a reply of the lead ends the sequence. Absent: true.")]
    ]
    when: NotRequired[ConditionDefinition]


@with_config(EMITTED)
class SequenceDefinition(TypedDict):
    """A sequence: the steps that sales takes with a lead, one after the other."""

    id: Annotated[Id, Field(description="Identifies the sequence across its versions.")]
    name: NotRequired[DisplayName]
    connect: NotRequired[ConnectDefinition]
    exit: NotRequired[ExitDefinition]
    steps: Annotated[list[StepDefinition], Field(min_length=1, max_length=100, description="The steps, in order.")]


@with_config(READ_STRICTLY)
class SequenceConnection(TypedDict):
    """Connect a lead to a sequence, or disconnect it."""

    event_id: EventId
    lead_id: LeadId
    sequence_id: SequenceId
    occurred_at: Annotated[Timestamp, Field(description="When this was requested.")]
    action: Annotated[Literal["connect", "disconnect"], Field(description="What to do.")]
    segment: NotRequired[Annotated[Id, Field(description="For `connect`: the segment that the lead comes from.")]]
    source: NotRequired[Annotated[Id, Field(description="For `connect`: who or what connects the lead.")]]
    wait: NotRequired[
        Annotated[Duration, Field(description="For `connect`: how long to wait before the first step, at most 30d.")]
    ]
    owner_id: NotRequired[
        Annotated[Id, Field(description="For `connect`: who takes the steps. Absent: the lead's seller or owner.")]
    ]


@with_config(READ_STRICTLY)
class ActivityCompleted(TypedDict):
    """Somebody acted on a lead: an email, a call, a task, or a reply of the lead."""

    event_id: EventId
    lead_id: LeadId
    occurred_at: Annotated[Timestamp, Field(description="When it happened.")]
    kind: Annotated[
        Literal["email", "automated_email", "phone_call", "task", "reply", "other"],
        Field(description="What happened. `reply`: the lead replied."),
    ]
    step_event_id: NotRequired[
        Annotated[Id, Field(description="`event_id` of the `sequence-step-due` that this completes.")]
    ]
    result: NotRequired[Annotated[Id, Field(description="The result, as a word that branches of sequences can test.")]]
    direction: NotRequired[
        Annotated[
            Literal["incoming", "outgoing"], Field(description="`incoming`: it came from the lead, and is a reply.")
        ]
    ]
    automatic: NotRequired[
        Annotated[
            bool,
            Field(
                description="true: a machine sent it, such as an out-of-office reply or a bounce. It counts neither "
                "as a reply of the lead nor as an act of sales, whatever `kind` and `direction` are. "
                "`result` is still available to branches."
            ),
        ]
    ]


_Version = Annotated[int, Field(ge=1, description="The published version that the lead is connected to.")]
_Number = Annotated[
    int, Field(ge=1, description="How many times the lead has been connected to the sequence: 1 for the first.")
]
_Segment = Annotated[Id, Field(description="The segment that the lead came from, as named when it was connected.")]
_Source = Annotated[
    Id,
    Field(
        description="Who or what connected the lead: as named in `sequence-connections`, or "
        "`lead-qualified`, `lead-assigned` or `sequence/<id>`."
    ),
]
_Occurred = Annotated[Timestamp, Field(description="When the event that last moved the lead on occurred.")]
_Trigger = Annotated[Trigger, Field(description="The record that last moved the lead on.")]


@with_config(EMITTED)
class SequenceStepDue(TypedDict):
    """A step is due for a lead. Emitted once per step and connection; read it with `isolation.level=read_committed`."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) derived from lead, sequence, version, connection number, connecting "
            "event and step: the same step always has the same id. `activity-completed` refers to "
            "it as `step_event_id`."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[ContactId]
    sequence_id: SequenceId
    sequence_version: _Version
    connection_number: _Number
    step_id: StepId
    kind: Annotated[
        Literal["email", "automated_email", "phone_call", "task", "update_field"],
        Field(description="What must be done."),
    ]
    data: Annotated[
        dict[str, Value],
        Field(
            description="The step's `subject`, `template` and `text`; for `update_field` its `field` or "
            "`attribute`, and `value`."
        ),
    ]
    owner_id: NotRequired[Annotated[Id, Field(description="Who must take the step.")]]
    segment: NotRequired[_Segment]
    due_at: Annotated[Timestamp, Field(description="When the step must be completed.")]
    occurred_at: _Occurred
    trigger: _Trigger


@with_config(EMITTED)
class SequenceChanged(TypedDict):
    """A lead's connection to a sequence changed its state."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) derived from lead, sequence, version, connection number, connecting "
            "event and state."
        ),
    ]
    lead_id: LeadId
    sequence_id: SequenceId
    sequence_version: _Version
    connection_number: _Number
    state: Annotated[
        Literal["connecting", "connected", "completed", "error", "disconnected"],
        Field(
            description="`connecting`: waits before the first step. `completed`, `error` and `disconnected` are final."
        ),
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
                description="For `disconnected` and `error`. `parent_deactivated`: the sequence was stopped. "
                "`lead_deactivated`: the lead was closed or merged. `advance_target_not_live`: publish "
                "that sequence, then connect the lead to it."
            ),
        ]
    ]
    step_id: NotRequired[
        Annotated[
            Id, Field(description="If the connection ended before the last step: the step that the lead had reached.")
        ]
    ]
    segment: NotRequired[_Segment]
    source: NotRequired[_Source]
    occurred_at: _Occurred
    trigger: _Trigger
