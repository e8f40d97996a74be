"""Commands on definitions of downstream services, what became of them, and the definitions as they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.command_messages import CommandId, ExpectedRevision, IssuedAt, IssuedBy
from lead_qualifier.messages.decode import decode
from lead_qualifier.messages.fields import EMITTED, READ_STRICTLY, Id, Timestamp
from lead_qualifier.messages.lead_qualified import Trigger

DefinitionId = Annotated[Id, Field(description="The definition it is about; also the record's key.")]


@with_config(READ_STRICTLY)
class DefinitionCommand(TypedDict):
    """Create or replace the draft of a definition, publish it, stop what runs, or delete it."""

    command_id: CommandId
    definition_id: DefinitionId
    command: Literal["apply", "publish", "stop", "delete"]
    definition: NotRequired[
        Annotated[dict[str, Any], Field(description="Of apply: the definition as people write it. Its id is the same.")]
    ]
    draft: NotRequired[Annotated[bool, Field(description="Of apply. true: of a live one too, beside what runs.")]]
    replace: NotRequired[
        Annotated[bool, Field(description="Of publish. true: the draft takes the place of what runs, in one step.")]
    ]
    expected_revision: NotRequired[ExpectedRevision]
    issued_by: IssuedBy
    issued_at: IssuedAt


@with_config(EMITTED)
class DefinitionChanged(TypedDict):
    """What became of a command on a definition."""

    command_id: CommandId
    definition_id: DefinitionId
    kind: Annotated[Id, Field(description="What it defines: journey, assignment, sequence or follow-up.")]
    command: Annotated[Id, Field(description="What was ordered. More may come.")]
    outcome: Annotated[Literal["accepted", "refused"], Field(description="Whether it was done.")]
    reason: Annotated[Id, Field(description="Why, as a word for programs. More may come.")]
    message: Annotated[str, Field(description="The same for a person; of a refusal, also what to do about it.")]
    warnings: NotRequired[Annotated[list[str], Field(description="What to know although it was accepted.")]]
    version: NotRequired[Annotated[int, Field(ge=1, description="The newest published version, if there is one.")]]
    definition: NotRequired[
        Annotated[
            dict[str, Any],
            Field(description="Of an apply or a publish that changed something. Absent where it would not fit."),
        ]
    ]
    revision: Annotated[int, Field(ge=0, description="The revision of the definition afterwards; 0 if unknown.")]
    repeated: NotRequired[
        Annotated[bool, Field(description="true: the command had been decided before and this repeats its outcome.")]
    ]
    issued_by: IssuedBy
    issued_at: IssuedAt
    decided_at: Annotated[Timestamp, Field(description="When it was decided.")]
    origin: Annotated[Trigger, Field(description="The command's record.")]


@with_config(EMITTED)
class StoredAnswer(TypedDict):
    """What a command was answered."""

    command_id: CommandId
    accepted: bool
    code: Id
    message: str
    warnings: NotRequired[list[str]]
    version: NotRequired[int]
    revision: NotRequired[int]


@with_config(EMITTED)
class DefinitionState(TypedDict):
    """A definition as it stands. It is kept when deleted, so that its versions go on rising."""

    id: Id
    revision: Annotated[int, Field(ge=0, description="That of its last change, in one order over its kind.")]
    status: Literal["draft", "live", "stopped", "deleted"]
    version: NotRequired[Annotated[int, Field(ge=1, description="The newest published version.")]]
    draft: NotRequired[Annotated[dict[str, Any], Field(description="What the next publish lets run.")]]
    published: NotRequired[Annotated[dict[str, Any], Field(description="The newest published version itself.")]]
    published_revision: NotRequired[int]
    published_at: NotRequired[Timestamp]
    published_by: NotRequired[Id]
    changed_at: NotRequired[Timestamp]
    changed_by: NotRequired[Id]
    answers: NotRequired[
        Annotated[list[StoredAnswer], Field(description="The last commands. Only in the changelog of the decider.")]
    ]


_command: Callable[[bytes], DefinitionCommand] = TypeAdapter(DefinitionCommand).validator.validate_json


def decode_definition_command(key: bytes | None, value: bytes | None, headers: Any = None) -> DefinitionCommand:
    """Raises BadMessage. The definition in an apply is any object: its kind says what is wrong with it."""
    return decode(_command, "definition_id", key, value, headers)
