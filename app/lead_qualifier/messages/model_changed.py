"""The qualification-model-changed event: what became of each command and each announcement. The audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import EMITTED, Id, Timestamp
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.commands import Code

if TYPE_CHECKING:
    from datetime import datetime

    from lead_qualifier.messages.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
    from lead_qualifier.qualification.commands import Verdict


@with_config(EMITTED)
class QualificationModelChanged(TypedDict):
    """The outcome of a command, or of a scoring engine's announcement. Has exactly one of `qualification_model_id`,
    `feature` and `scoring_model_id`.
    """

    command_id: NotRequired[
        Annotated[Id, Field(description="The command that this is the outcome of; its issuer waits for this event.")]
    ]
    qualification_model_id: NotRequired[Annotated[Id, Field(description="The model that the command is about.")]]
    feature: NotRequired[Annotated[Id, Field(description="The feature that the command is about.")]]
    scoring_model_id: NotRequired[Annotated[Id, Field(description="The scoring model that the announcement is about.")]]
    command: Annotated[
        Id,
        Field(
            description="The command: `apply`, `publish`, `shadow`, `stop`, `delete`, `enable` or `disable`; or "
            "`announce`, for a `scoring-model-changed` event. More values may be added."
        ),
    ]
    outcome: Annotated[Literal["accepted", "refused"], Field(description="Whether the command was accepted.")]
    reason: Annotated[
        Id,
        Field(description="Why, as a word for programs. More may come; so far " + ", ".join(Code) + "."),
    ]
    message: Annotated[str, Field(description="Why, for people; after a refusal, also what to do about it.")]
    warnings: Annotated[list[str], Field(description="What to know although the command was accepted.")]
    version: NotRequired[Annotated[int, Field(ge=1, description="The newest published version of the model, if any.")]]
    definition: NotRequired[
        Annotated[
            dict[str, Any],
            Field(
                description="After an `apply` or a `publish` that changed something: the model as people write it "
                "(qualification-model.schema.json). Absent if it would not fit into the record."
            ),
        ]
    ]
    revision: Annotated[
        int,
        Field(
            ge=0,
            description="The revision of the model, feature or scoring model after the command; 0 if it is unknown.",
        ),
    ]
    repeated: NotRequired[
        Annotated[bool, Field(description="true: the command was decided before, and this repeats its outcome.")]
    ]
    status: NotRequired[
        Annotated[
            Literal["draft", "live", "stopped"], Field(description="The status that the scoring engine announced.")
        ]
    ]
    issued_by: NotRequired[Annotated[Id, Field(description="Who issued the command.")]]
    issued_at: NotRequired[
        Annotated[Timestamp, Field(description="When the command was issued, or `occurred_at` of the event.")]
    ]
    decided_at: Annotated[Timestamp, Field(description="When the command was decided.")]
    origin: Annotated[Trigger, Field(description="The record of the command or announcement.")]


def model_outcome(
    command: ModelCommand, verdict: Verdict, *, decided_at: datetime, origin: Trigger
) -> QualificationModelChanged:
    """The outcome of a command on a qualification model."""
    event = _answer(command, verdict, decided_at, origin)
    event["qualification_model_id"] = command["qualification_model_id"]
    if verdict.definition is not None:
        event["definition"] = {**definition_of(verdict.definition)}
    return event


def feature_outcome(
    command: FeatureCommand, verdict: Verdict, *, decided_at: datetime, origin: Trigger
) -> QualificationModelChanged:
    """The outcome of turning a feature on or off."""
    event = _answer(command, verdict, decided_at, origin)
    event["feature"] = command["feature"]
    return event


def scoring_model_outcome(
    announced: ScoringModelChanged, verdict: Verdict, *, decided_at: datetime, origin: Trigger
) -> QualificationModelChanged:
    """The outcome of what a scoring engine announced, so that the trail tells of everything that decides."""
    event = _outcome(verdict, "announce", decided_at, origin)
    event["scoring_model_id"] = announced["scoring_model_id"]
    event["status"] = announced["status"]
    event["issued_at"] = announced["occurred_at"]
    return event


def _answer(
    command: ModelCommand | FeatureCommand, verdict: Verdict, decided_at: datetime, origin: Trigger
) -> QualificationModelChanged:
    event = _outcome(verdict, command["command"], decided_at, origin)
    event["command_id"] = command["command_id"]
    event["issued_by"] = command["issued_by"]
    event["issued_at"] = command["issued_at"]
    return event


def _outcome(verdict: Verdict, command: str, decided_at: datetime, origin: Trigger) -> QualificationModelChanged:
    event: QualificationModelChanged = {
        "command": command,
        "outcome": "accepted" if verdict.accepted else "refused",
        "reason": verdict.code.value,
        "message": verdict.message,
        "warnings": list(verdict.warnings),
        "revision": verdict.revision,
        "decided_at": decided_at,
        "origin": origin,
    }
    if verdict.version:
        event["version"] = verdict.version
    if verdict.repeated:
        event["repeated"] = True
    return event
