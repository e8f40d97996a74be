"""The pages about leads."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.api.leads import Leads
from lead_qualifier.console.pages.rendering import Pages, language_of
from lead_qualifier.console.read_model.reader import LeadQuery

ADDRESS = "/leads"
_ON_A_PAGE = 50
_STATUSES = ("open", "qualified", "disqualified")
#: What a form sends for a field that was left empty.
_EMPTY = ""


def lead_pages(leads: Leads, assignments: Assignments, pages: Pages) -> APIRouter:
    """The list of leads, and the page of each."""
    router = APIRouter()
    may_view = [allowed(Permission.VIEW)]

    @router.get(ADDRESS, dependencies=may_view)
    def find(
        *,  # every field of the form
        request: Request,
        q: str = _EMPTY,
        owner: str = _EMPTY,
        status: str = _EMPTY,
        qualified: str = _EMPTY,
        cursor: str = _EMPTY,
    ) -> Response:
        wanted = {"yes": True, "no": False}.get(qualified)
        query = LeadQuery(text=q.strip(), owner_id=owner.strip(), status=status.strip(), qualified=wanted)
        found = leads.search(query, cursor=cursor or None, limit=_ON_A_PAGE)
        searched: dict[str, Any] = {"q": q, "owner": owner, "status": status, "qualified": qualified}
        statuses = (*_STATUSES, status) if status and status not in _STATUSES else _STATUSES
        return pages.page(request, "leads.html", found=found, searched=searched, statuses=statuses, is_first=not cursor)

    @router.get("/lead", dependencies=may_view)
    def show(request: Request, id: str) -> Response:  # noqa: A002  the parameter's name in the address
        wording = language_of(request).wording
        lead, explanation = leads.show_explained(id, wording)
        assignment = assignments.explain(id, wording)
        return pages.page(request, "lead.html", lead=lead, explanation=explanation, assignment=assignment)

    return router
