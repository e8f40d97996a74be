"""What becomes of events that were sent to the API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Problem, with_example

_ACCEPTED: dict[str, Any] = {
    "event": 0,
    "id": "0190f3c2-7d1e-7aaa-8000-3f2504e04f89",
    "status": "accepted",
    "topic": "lead-score-changed",
    "partition": 3,
    "offset": 918,
}


class EventResult(Form):
    """What became of one event."""

    event: int = Field(description="Its place in the request, from 0.")
    id: str | None = Field(None, description="The event's id, if it could be read.")
    status: Literal["accepted", "invalid", "refused", "not_sent"] = Field(
        description="`accepted`: the broker has it; `invalid`: it breaks its contract; `refused`: the broker does not "
        "take it; `not_sent`: it is right, and was not sent."
    )
    topic: str | None = Field(None, description="Where it is: the topic.")
    partition: int | None = None
    offset: int | None = None
    path: str | None = Field(
        None, description="What is wrong: the path in the request's body such as `$[3].data.score`, or a header."
    )
    line: int | None = Field(None, description="The line of the request's body in which that is.")
    detail: str | None = Field(None, description="What is wrong with it, and how to correct it.")


class EventsAccepted(Form):
    """The broker has every event."""

    model_config = with_example({"events": [_ACCEPTED]})

    events: list[EventResult]


class EventsProblem(Problem):
    """What went wrong with events, as RFC 9457 has it."""

    model_config = with_example(
        {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "code": "invalid_events",
            "detail": "Nothing was sent, because 1 of 2 events is wrong: correct it, and send all of them again.",
            "events": [
                {"event": 0, "id": "0190f3c2-7d1e-7aaa-8000-3f2504e04f89", "status": "not_sent"},
                {
                    "event": 1,
                    "id": "0190f3c2-7d1e-7aaa-8000-3f2504e04f90",
                    "status": "invalid",
                    "path": "$[1].data.score",
                    "line": 14,
                    "detail": "score must be a number, found text",
                },
            ],
        }
    )

    events: list[EventResult] | None = Field(None, description="What became of each event.")
