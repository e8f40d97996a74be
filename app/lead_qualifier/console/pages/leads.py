"""The pages about leads."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.api.errors import LeadNotFound
from lead_qualifier.console.api.leads import Leads
from lead_qualifier.console.api.sales_answers import KeyUsed, SalesAnswers
from lead_qualifier.console.api.sales_forms import LONGEST_REASON, SalesAnswer
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.console.read_model.lead_search import LeadQuery

ADDRESS = "/leads"
_ON_A_PAGE = 50
_STATUSES = ("open", "qualified", "disqualified")
#: What a form sends for a field that was left empty.
_EMPTY = ""


def lead_pages(leads: Leads, assignments: Assignments, sales: SalesAnswers, pages: Pages) -> APIRouter:
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

    def shown(request: Request, lead_id: str, *, error: ApiError | None = None, **more: Any) -> Response:
        wording = language_of(request).wording
        lead, explanation = leads.show_explained(lead_id, wording)
        return pages.page(
            request,
            "lead.html",
            lead=lead,
            explanation=explanation,
            assignment=assignments.explain(lead_id, wording),
            error=error,
            reasons=sales.reasons(),
            **{"response": _EMPTY, "reason": _EMPTY, "answer_id": uuid.uuid4(), **more},
        )

    @router.get("/lead", dependencies=may_view)
    def show(request: Request, id: str) -> Response:  # noqa: A002  the parameter's name in the address
        return shown(request, id)

    @router.post("/lead")
    def answer_for_sales(  # noqa: PLR0917  the fields of the form
        request: Request,
        id: Annotated[str, Form()],  # noqa: A002  the field's name
        response: Annotated[Literal["accepted", "rejected"], Form()],
        answer_id: Annotated[str, Form(max_length=200)],
        person: Annotated[Person, allowed(Permission.ANSWER_FOR_SALES)],
        reason: Annotated[str, Form(max_length=LONGEST_REASON)] = _EMPTY,
    ) -> Response:
        said = SalesAnswer(response=response, reason=reason.strip() or None)
        try:
            sales.send(person, id, said, language_of(request).wording, event_id=answer_id)
        except LeadNotFound:
            raise
        except ApiError as error:
            kept = uuid.uuid4() if isinstance(error, KeyUsed) else answer_id
            return shown(request, id, error=error, response=response, reason=reason, answer_id=kept)
        return RedirectResponse(address("/lead", id=id) + "#timeline", status_code=303)

    return router
