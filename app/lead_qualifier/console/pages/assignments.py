"""The pages of sellers, and of leads that wait for one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.pages.rendering import Pages, language_of

_ON_A_PAGE = 50


def assignment_pages(assignments: Assignments, pages: Pages) -> APIRouter:
    """Both."""
    router = APIRouter()
    may_view = [allowed(Permission.VIEW)]

    @router.get("/sellers", dependencies=may_view)
    def sellers(request: Request) -> Response:
        return pages.page(request, "sellers.html", sellers=assignments.sellers().sellers)

    @router.get("/waiting", dependencies=may_view)
    def waiting(request: Request, cursor: str = "") -> Response:
        wording = language_of(request).wording
        found = assignments.waiting(wording, cursor=cursor or None, limit=_ON_A_PAGE)
        return pages.page(request, "waiting.html", found=found, is_first=not cursor)

    return router
