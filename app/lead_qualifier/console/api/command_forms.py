"""What the API answers to a command that was carried out."""

from __future__ import annotations

from pydantic import Field

from lead_qualifier.client.commands import Outcome
from lead_qualifier.console.api.forms import Form, with_example


class CommandOutcome(Form):
    """A command that was carried out, or had nothing to change. One that is refused is a problem."""

    model_config = with_example(
        {
            "command_id": "0d5c9a0e-5b0e-4b55-9d1c-6e1f8f9a3c11",
            "code": "published",
            "message": "enterprise is live in version 3",
            "warnings": [],
            "version": 3,
            "revision": 18,
        }
    )

    command_id: str
    code: str = Field(description="What became of it. Codes are stable; `message` is not.")
    message: str = Field(description="The same for people.")
    warnings: list[str] = Field(description="What to know although it was carried out.")
    version: int | None = Field(None, description="The newest published version, if there is one.")
    revision: int = Field(description="The revision after it.")
    repeated: bool | None = Field(None, description="true: it was carried out before, and this repeats its outcome.")


def outcome_form(outcome: Outcome) -> CommandOutcome:
    """What a service answered, as the API says it."""
    event = outcome.event
    return CommandOutcome(
        command_id=str(event["command_id"]),
        code=str(event["reason"]),
        message=outcome.message,
        warnings=list(outcome.warnings),
        version=event.get("version"),
        revision=int(event["revision"]),
        repeated=event.get("repeated"),
    )
