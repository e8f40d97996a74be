"""The routes by which events come in."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from lead_qualifier.client.inbound.checking import TOPICS
from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api import problems
from lead_qualifier.console.api.bodies import body_of
from lead_qualifier.console.api.event_forms import EventsAccepted, EventsProblem
from lead_qualifier.console.api.events import (
    MOST_BYTES,
    MOST_EVENTS,
    RETRY_SECONDS,
    Events,
    EventsNotAccepted,
    RequestTooLarge,
)
from lead_qualifier.console.api.parameters import LeadId
from lead_qualifier.console.api.responses import answer
from lead_qualifier.console.errors import ApiError
from lead_qualifier.messages.http_cloud_events import BATCH, JSON, STRUCTURED

log = structlog.get_logger(__name__)

_DATA: dict[str, Any] = {
    "event_id": "0190f3c2-7d1e-7aaa-8000-3f2504e04f89",
    "lead_id": "L-1001",
    "scoring_model_id": "engagement",
    "score": 83,
    "occurred_at": "2026-11-23T09:30:00Z",
}
_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0190f3c2-7d1e-7aaa-8000-3f2504e04f89",
    "source": "/scoring/engagement",
    "type": "lead-qualifier.lead-score-changed",
    "data": _DATA,
}
_CLOUD_EVENT: dict[str, Any] = {
    "type": "object",
    "title": "CloudEvent",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"enum": sorted(TOPICS), "description": "`lead-qualifier.` and the topic's name."},
        "data": {"type": "object", "description": "Follows the topic's schema: see `schemas/asyncapi.yaml`."},
    },
}
_BODY = {
    "required": True,
    "description": f"{MOST_BYTES >> 20} MiB at most.",
    "content": {
        STRUCTURED: {"schema": _CLOUD_EVENT, "example": _EVENT},
        BATCH: {"schema": {"type": "array", "maxItems": MOST_EVENTS, "items": _CLOUD_EVENT}, "example": [_EVENT]},
        JSON: {"schema": {"type": "object"}, "example": _DATA},
    },
}
_FAILURES: dict[int | str, dict[str, Any]] = {
    413: problems.described("The request, or an event in it, is too large.", form="EventsProblem"),
    415: problems.described("The request is in no mode of CloudEvents."),
    422: problems.described("An event is wrong, and nothing was sent.", form="EventsProblem"),
    429: problems.described("Too many requests are being answered: Retry-After says when to send it again."),
    503: problems.described(
        "The broker does not have every event: Retry-After says when to send all again.", form="EventsProblem"
    ),
}
Operator = Annotated[Person, allowed(Permission.OPERATE)]


def event_routes(events: Events) -> APIRouter:
    """All of them."""
    router = APIRouter()

    @router.post(
        "/events",
        response_model=EventsAccepted,
        status_code=202,
        summary="Send events",
        operation_id="sendEvents",
        responses=_FAILURES,
        openapi_extra={"requestBody": _BODY},
    )
    async def send(request: Request, person: Operator) -> Response:
        """CloudEvents 1.0 over HTTP, structured, batched or binary (headers `ce-...`), for every topic that other
        systems write. `type` is `lead-qualifier.` and the topic's name; `data` follows the topic's schema.

        All events of a request are checked before the first is sent: if one is wrong, none is. The answer comes when
        the broker has every event. Sending an event again, with the same `event_id`, changes nothing.

        `scoring-model-changed` and `lead-sales-response` also take the role administrator, as their own routes do.
        """
        try:
            body = await body_of(request, MOST_BYTES, RequestTooLarge)
            accepted = await run_in_threadpool(events.accept, person, dict(request.headers), body)
        except ApiError as error:
            return refusal(error)
        log.info("events_sent", count=len(accepted.events), subject=person.subject)
        return answer(accepted, status=202)

    @router.delete(
        "/leads/{lead_id}",
        response_model=EventsAccepted,
        status_code=202,
        summary="Erase a lead",
        operation_id="eraseLead",
        responses={503: _FAILURES[503]},
    )
    def erase(lead_id: LeadId, person: Operator) -> Response:
        """Everything that is held about the lead goes, in every service, and cannot be had back. Whatever comes about
        the lead later starts afresh, so delete it in the CRM first.
        """
        try:
            accepted = events.erase(lead_id)
        except ApiError as error:
            return refusal(error)
        log.info("lead_erasure_sent", subject=person.subject)
        return answer(accepted, status=202)

    return router


def refusal(error: ApiError) -> Response:
    """What went wrong, with what became of each event, and when to send them again if that may help."""
    problem = problems.of_error(error)
    if isinstance(error, EventsNotAccepted):
        problem = EventsProblem(**problem.model_dump(), events=error.results)
    response = problems.answer(problem)
    if error.status in {429, 503}:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
