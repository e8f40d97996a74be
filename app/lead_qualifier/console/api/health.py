"""How far the data is behind the topics."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.permissions import session_of
from lead_qualifier.console.api.forms import Health
from lead_qualifier.console.api.responses import answer
from lead_qualifier.console.read_model.standing import Phase, Standing


def health_of(now: Standing) -> Health:
    """The standing of the projection, as the API says it."""
    if now.problem is not None:
        return Health(status="waiting", behind=now.behind, problem=now.problem)
    if now.phase is Phase.REBUILDING:
        return Health(status="rebuilding", behind=now.behind, percent=now.percent, reason=now.reason)
    return Health(status=now.phase.value, behind=now.behind)


def health_routes(standing: Callable[[], Standing]) -> APIRouter:
    """The route of the health check."""
    router = APIRouter()

    @router.get("/health", response_model=Health, summary="Show how far the data is behind", operation_id="showHealth")
    def health(request: Request) -> Response:
        """It is 503 while the data cannot be relied on: `rebuilding`, or `waiting` for Kafka. Needs no session; without
        one it answers with `status` alone.
        """
        now = health_of(standing())
        shown = now if session_of(request) is not None else Health(status=now.status)
        return answer(shown, status=200 if now.status == "following" else 503)

    return router
