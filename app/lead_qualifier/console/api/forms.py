"""What every answer of the API is made of, and the answers that are about no resource."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import Wording


class Form(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True)


def with_example(example: dict[str, Any]) -> ConfigDict:
    """For a form's `model_config`, beside that of its base: the API's document shows the example."""
    return ConfigDict(json_schema_extra={"example": example})


class Sent(BaseModel):
    """What a client sends. Other types and other fields are refused, so that no misspelt field is overlooked."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Sentence(Form):
    """Something about a lead: a code for programs, a sentence for people."""

    code: str = Field(description="What it is. Codes are stable; texts are not.")
    text: str = Field(description="The sentence in the language of the answer.")


def sentence(finding: Finding, wording: Wording) -> Sentence:
    """A finding with its code and its sentence."""
    return Sentence(code=finding.code, text=wording.sentence(finding))


class Health(Form):
    """How far the console's data is behind the topics."""

    model_config = with_example({"status": "following", "behind": 0})

    status: Literal["starting", "rebuilding", "following", "waiting"] = Field(
        description="`following`: up to date, but for `behind`; `rebuilding`: everything is read again, and what is "
        "shown is incomplete; `waiting`: `problem` says what keeps it from going on."
    )
    behind: int | None = Field(None, description="How many records are not shown yet. Absent without a session.")
    percent: int | None = Field(None, description="How much of the rebuild is done.")
    reason: str | None = Field(None, description="Why everything is read again.")
    problem: str | None = Field(None, description="What keeps the console from reading on, and what to do.")


class FieldProblem(Form):
    """One thing that is wrong with what was sent."""

    model_config = with_example(
        {
            "field": "criteria.0.threshold",
            "line": 6,
            "code": "greater_than_maximum",
            "text": "must be at most 100",
        }
    )

    field: str = Field(description="Where it is: names and numbers of list items, from 0, joined by dots.")
    line: int | None = Field(None, description="The line, from 1, if a text was sent.")
    code: str = Field(description="What is wrong. Codes are stable; texts are not.")
    text: str = Field(description="What is wrong, in the language of the answer.")


class Problem(Form):
    """What went wrong, as RFC 9457 has it."""

    model_config = with_example(
        {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "code": "lead_not_found",
            "detail": "No lead with this id is held: it was never seen, or it was erased.",
        }
    )

    type: Literal["about:blank"] = "about:blank"
    title: str = Field(description="The HTTP status in words.")
    status: int
    code: str = Field(description="What went wrong. Codes are stable; `detail` is not.")
    detail: str = Field(description="What went wrong, and what to do.")
    parameter: str | None = Field(None, description="The parameter that is wrong.")
    problems: list[FieldProblem] | None = Field(None, description="Everything that is wrong with a definition.")
