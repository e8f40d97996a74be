"""Commands on definitions of downstream services, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.command_messages import CommandId, ExpectedRevision, IssuedAt, IssuedBy
from lead_qualifier.messages.decode import decode
from lead_qualifier.messages.fields import EMITTED, READ_STRICTLY, Id, Timestamp
from lead_qualifier.messages.lead_qualified import Trigger

DefinitionId = Annotated[Id, Field(description="The definition's id; also the record's key.")]


@with_config(READ_STRICTLY)
class DefinitionCommand(TypedDict):
    """Create or replace the draft of a definition, publish it, stop the live version, or delete the definition."""

    command_id: CommandId
    definition_id: DefinitionId
    command: Annotated[Literal["apply", "publish", "stop", "delete"], Field(description="What to do.")]
    definition: NotRequired[
        Annotated[
            dict[str, Any],
            Field(description="For `apply`: the definition as people write it. Its `id` equals `definition_id`."),
        ]
    ]
    draft: NotRequired[
        Annotated[
            bool,
            Field(description="For `apply`. true: accept a draft of a live definition too, next to the live version."),
        ]
    ]
    replace: NotRequired[
        Annotated[bool, Field(description="For `publish`. true: the draft replaces the live version in one step.")]
    ]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(EMITTED)
class DefinitionChanged(TypedDict):
    """The outcome of a command on a definition."""

    command_id: CommandId
    definition_id: DefinitionId
    kind: Annotated[
        Id, Field(description="The kind of definition: `journey`, `assignment`, `sequence` or `follow-up`.")
    ]
    command: Annotated[Id, Field(description="The command. More values may be added.")]
    outcome: Annotated[Literal["accepted", "refused"], Field(description="Whether the command was accepted.")]
    reason: Annotated[Id, Field(description="Why, as a code for programs. More values may be added.")]
    message: Annotated[str, Field(description="Why, for people; after a refusal, also what to do about it.")]
    warnings: NotRequired[Annotated[list[str], Field(description="What to know although the command was accepted.")]]
    version: NotRequired[Annotated[int, Field(ge=1, description="The newest published version, if any.")]]
    definition: NotRequired[
        Annotated[
            dict[str, Any],
            Field(
                description="The definition, after an `apply` or a `publish` that changed something. Absent if it "
                "would not fit into the record."
            ),
        ]
    ]
    revision: Annotated[
        int, Field(ge=0, description="The definition's revision after the command; 0 if the definition is unknown.")
    ]
    repeated: NotRequired[
        Annotated[bool, Field(description="true: the command was decided before, and this repeats its outcome.")]
    ]
    issued_by: IssuedBy
    issued_at: IssuedAt
    decided_at: Annotated[Timestamp, Field(description="When the command was decided.")]
    origin: Annotated[Trigger, Field(description="The record of the command.")]


_command: Callable[[bytes], DefinitionCommand] = TypeAdapter(DefinitionCommand).validator.validate_json


def decode_definition_command(key: bytes | None, value: bytes | None, headers: Any = None) -> DefinitionCommand:
    """Raises BadMessage. An apply's definition may be any object: its kind says what is wrong with it."""
    return decode(_command, "definition_id", key, value, headers)
