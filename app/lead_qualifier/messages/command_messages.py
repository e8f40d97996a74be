"""Commands of administrators and announcements of scoring engines: what the command processor reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, GetJsonSchemaHandler, GetPydanticSchema, TypeAdapter, with_config
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import READ_STRICTLY, Id, Number, Timestamp
from lead_qualifier.messages.model_definition import ModelDefinition

CommandId = Annotated[
    Id,
    Field(
        description="Identifies the command. Sending the same command again changes nothing and returns the "
        "same outcome."
    ),
]
ModelId = Annotated[Id, Field(description="The qualification model's id; also the record's key.")]
ExpectedRevision = Annotated[
    int,
    Field(
        ge=0,
        description="The revision that the issuer saw. The command is refused if there has been another change since.",
    ),
]
IssuedBy = Annotated[Id, Field(description="Who issued the command.")]
IssuedAt = Annotated[Timestamp, Field(description="When the command was issued.")]


def _definition_schema(_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    return handler(TypeAdapter(ModelDefinition).core_schema)


Definition = Annotated[
    # Any object: a wrong definition is refused with an outcome for its issuer, and does not become a dead letter.
    dict[str, Any],
    GetPydanticSchema(get_pydantic_json_schema=_definition_schema),
    Field(description="The model as people write it. Its `id` equals `qualification_model_id`."),
]


@with_config(READ_STRICTLY)
class ApplyModel(TypedDict):
    """Create or replace the draft of a qualification model."""

    command_id: CommandId
    qualification_model_id: ModelId
    command: Literal["apply"]
    definition: Definition
    draft: NotRequired[
        Annotated[
            bool,
            Field(
                description="true: accept a draft of a live model too, next to the live version. Absent or false: a "
                "live model is refused."
            ),
        ]
    ]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(READ_STRICTLY)
class MoveModel(TypedDict):
    """Publish the draft of a qualification model, stop a live model, or delete one that is not live."""

    command_id: CommandId
    qualification_model_id: ModelId
    command: Annotated[Literal["publish", "stop", "delete"], Field(description="What to do.")]
    replace: NotRequired[
        Annotated[
            bool,
            Field(
                description="Only for `publish`. true: the draft of a live model replaces the live version in one "
                "step. Absent or false: a live model is refused."
            ),
        ]
    ]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(READ_STRICTLY)
class ShadowModel(TypedDict):
    """Start or stop the shadow of a live qualification model: its draft is evaluated and only counted."""

    command_id: CommandId
    qualification_model_id: ModelId
    command: Literal["shadow"]
    enabled: Annotated[bool, Field(description="true: start. false: stop.")]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


ModelCommand = Annotated[ApplyModel | MoveModel | ShadowModel, Field(discriminator="command")]


@with_config(READ_STRICTLY)
class FeatureCommand(TypedDict):
    """Turn a feature on or off."""

    command_id: CommandId
    feature: Annotated[Id, Field(description="The feature, such as `lead-management`; also the record's key.")]
    command: Annotated[Literal["enable", "disable"], Field(description="What to do.")]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(READ_STRICTLY)
class ScoringModelChanged(TypedDict):
    """A scoring engine created, started or stopped a scoring model. Only scores of live scoring models count."""

    event_id: Annotated[Id, Field(description="Identifies the event. Repeating an event has no effect.")]
    scoring_model_id: Annotated[Id, Field(description="The scoring model's id; also the record's key.")]
    name: NotRequired[Annotated[str | None, Field(description="Display name.")]]
    status: Annotated[
        Literal["draft", "live", "stopped"], Field(description="The scoring model's status since `occurred_at`.")
    ]
    maximum: NotRequired[
        Annotated[
            Number | None,
            Field(description="The highest possible score. Criteria with a higher threshold are refused."),
        ]
    ]
    occurred_at: Annotated[
        Timestamp, Field(description="When it changed. Ignored if older than the change already held.")
    ]
