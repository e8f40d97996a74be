"""What the API consists of: each resource reads the projection, or sends commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter

from lead_qualifier.console.api.commands import Commands
from lead_qualifier.console.api.event_routes import event_routes
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.api.health import health_routes
from lead_qualifier.console.api.lead_routes import lead_routes
from lead_qualifier.console.api.leads import Leads
from lead_qualifier.console.api.overview import Overviews
from lead_qualifier.console.api.overview_routes import overview_routes
from lead_qualifier.console.api.qualifications import Qualifications
from lead_qualifier.console.api.session import session_routes
from lead_qualifier.console.read_model.standing import Standing

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """`standing`: how the projection stands now."""

    standing: Callable[[], Standing]
    leads: Leads
    overviews: Overviews
    qualifications: Qualifications
    commands: Commands
    events: Events


def api_routes(resources: Resources) -> APIRouter:
    """The routes of every resource."""
    router = APIRouter(prefix=PREFIX)
    router.include_router(overview_routes(resources.overviews, resources.qualifications))
    router.include_router(lead_routes(resources.leads))
    router.include_router(session_routes())
    router.include_router(event_routes(resources.events))
    router.include_router(health_routes(resources.standing))
    return router
