"""What the API says of dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sent, with_example

_SUMMARY: dict[str, Any] = {
    "id": "lead-dead-letters:3:17",
    "at": "2026-11-23T09:30:00Z",
    "topic": "lead-score-changed",
    "topic_partition": 3,
    "topic_offset": 918,
    "key": "L-1001",
    "reason": "score must be a number, found text",
}


class DeadLetterSummary(Form):
    """A record that could not be handled."""

    id: str = Field(description="The topic of dead letters, without prefix, and the position there.")
    at: datetime = Field(description="When it became a dead letter.")
    topic: str = Field(description="Where it came from: the topic's full name.")
    topic_partition: int | None = None
    topic_offset: int | None = None
    key: str | None = Field(None, description="The record's key, usually the lead's id.")
    key_base64: str | None = Field(None, description="In place of `key`, where that is not UTF-8.")
    reason: str = Field(description="Why it could not be handled.")


class DeadLetterList(Form):
    """A page of dead letters."""

    model_config = with_example({"dead_letters": [_SUMMARY]})

    dead_letters: list[DeadLetterSummary]
    next_cursor: str | None = Field(None, description="Send it as `cursor` for the next page. Absent on the last.")


class Content(Form):
    """Bytes, shown as text."""

    kind: Literal["json", "text", "base64"] = Field(description="How `text` shows the bytes.")
    text: str | None = Field(None, description="Absent: it is hidden. In JSON that is masked, `•••` stands for values.")
    size: int = Field(description="Of the original (bytes).")


class HeaderContent(Form):
    """A header of the record."""

    name: str
    content: Content | None = Field(None, description="Absent: the header has no content.")


class DeadLetterDetails(DeadLetterSummary):
    """A record that could not be handled, and what is in it."""

    model_config = with_example(
        {
            **_SUMMARY,
            "masked": True,
            "value": {"kind": "json", "text": '{\n  "lead_id": "•••",\n  "score": "•••"\n}', "size": 61},
            "whole": True,
            "sendable": True,
            "headers": [{"name": "content-type", "content": {"kind": "text", "text": "application/json", "size": 16}}],
        }
    )

    masked: bool = Field(description="Whether what the record holds is hidden: `reveal` shows it.")
    value: Content | None = Field(None, description="Absent: the record has no value.")
    whole: bool = Field(description="Whether all of the value is here. Of large ones, only the beginning is kept.")
    sendable: bool = Field(description="Whether it can be sent back. What was too large to be kept whole cannot.")
    headers: list[HeaderContent]


class SendBack(Sent):
    """Which dead letters to send back to where they came from."""

    model_config = with_example({"ids": ["lead-dead-letters:3:17"]})

    ids: list[str] = Field(min_length=1, max_length=100, description="Of the dead letters.")
    again: bool = Field(
        False, description="Also those that were, or may have been, sent back before. Default: they are left out."
    )


Status = Literal[
    "sent", "replayed", "unknown", "truncated", "topic_missing", "other_topic", "not_delivered", "not_found"
]


class SentLetter(Form):
    """What became of one dead letter."""

    id: str
    status: Status = Field(
        description="`sent`; or why not: `replayed` (it was before), `unknown` (nobody knows whether it was), "
        "`truncated` (it was too large to be kept whole), `topic_missing`, `other_topic` (no input of this "
        "installation), `not_delivered` (the broker did not take it), `not_found`."
    )
    detail: str | None = Field(None, description="What the broker said.")


class SentBack(Form):
    """What became of each dead letter, in the order in which they were asked for."""

    model_config = with_example({"dead_letters": [{"id": "lead-dead-letters:3:17", "status": "sent"}]})

    dead_letters: list[SentLetter]
