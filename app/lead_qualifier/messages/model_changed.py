"""The qualification-model-changed event: the outcome of each command and announcement, for the audit trail."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import EMITTED, Id, Timestamp
from lead_qualifier.messages.lead_qualified import Trigger

REASONS = (
    "applied",
    "published",
    "stopped",
    "shadow_on",
    "shadow_off",
    "deleted",
    "enabled",
    "disabled",
    "observed",
    "unchanged",
    "invalid_model",
    "unknown_model",
    "unknown_feature",
    "stale_revision",
    "model_live",
    "model_not_live",
    "no_draft",
    "lead_management_off",
    "scoring_model_not_live",
    "threshold_above_maximum",
    "too_large",
    "stale",
    "unreadable_state",
)
"""The words of `reason` so far."""


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
        Field(description="Why, as a code for programs. More values may be added; so far " + ", ".join(REASONS) + "."),
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
