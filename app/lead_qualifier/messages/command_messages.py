"""What administrators order, and what scoring engines announce: the input of the command decider."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, GetJsonSchemaHandler, GetPydanticSchema, TypeAdapter, with_config
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import READ_STRICTLY, Id, Number, Timestamp
from lead_qualifier.messages.model_definition import ModelDefinition

CommandId = Annotated[
    Id, Field(description="Identifies the command. Sending it again changes nothing and gives the same outcome.")
]
ModelId = Annotated[Id, Field(description="The qualification model it is about; also the record's key.")]
ExpectedRevision = Annotated[
    int, Field(ge=0, description="The revision that the issuer saw. Refused if another change came in between.")
]
IssuedBy = Annotated[Id, Field(description="Who gave the command.")]
IssuedAt = Annotated[Timestamp, Field(description="When the command was given.")]


def _definition_schema(_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    return handler(TypeAdapter(ModelDefinition).core_schema)


Definition = Annotated[
    # Any object: what is wrong with it is the outcome of the command, told to whoever gave it, and no dead letter.
    dict[str, Any],
    GetPydanticSchema(get_pydantic_json_schema=_definition_schema),
    Field(description="The model as people write it. Its id equals qualification_model_id."),
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
                description="true: of a live model too, beside the version that runs. "
                "Absent or false: a live model is refused."
            ),
        ]
    ]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(READ_STRICTLY)
class MoveModel(TypedDict):
    """Publish the draft of a qualification model, stop a live one, or delete one that is not live."""

    command_id: CommandId
    qualification_model_id: ModelId
    command: Literal["publish", "stop", "delete"]
    replace: NotRequired[
        Annotated[
            bool,
            Field(
                description="Of publish only. true: the draft of a live model takes the place of the version that "
                "runs, in one step. Absent or false: a live model is refused."
            ),
        ]
    ]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(READ_STRICTLY)
class ShadowModel(TypedDict):
    """Let the draft of a live qualification model run in its shadow, where it is only counted, or end that."""

    command_id: CommandId
    qualification_model_id: ModelId
    command: Literal["shadow"]
    enabled: Annotated[bool, Field(description="Whether it is to run in shadow from now on.")]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


ModelCommand = Annotated[ApplyModel | MoveModel | ShadowModel, Field(discriminator="command")]


@with_config(READ_STRICTLY)
class FeatureCommand(TypedDict):
    """Turn a feature on or off."""

    command_id: CommandId
    feature: Annotated[Id, Field(description="The feature, such as lead-management; also the record's key.")]
    command: Literal["enable", "disable"]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(READ_STRICTLY)
class ScoringModelChanged(TypedDict):
    """A scoring engine created, started or stopped a scoring model. Only scores of live ones count."""

    event_id: Annotated[Id, Field(description="Identifies the event. A repeated one is harmless.")]
    scoring_model_id: Annotated[Id, Field(description="Identifies the scoring model; also the record's key.")]
    name: NotRequired[Annotated[str | None, Field(description="What people call it.")]]
    status: Annotated[Literal["draft", "live", "stopped"], Field(description="Its state from occurred_at on.")]
    maximum: NotRequired[
        Annotated[
            Number | None,
            Field(description="The highest score it gives: a criterion with a threshold above it is refused."),
        ]
    ]
    occurred_at: Annotated[Timestamp, Field(description="When it changed. Older than the change held: ignored.")]
