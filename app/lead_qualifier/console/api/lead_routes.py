"""The routes about leads: each calls one function, and answers with JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.lead_forms import LeadDetails, LeadExplanation, LeadList
from lead_qualifier.console.api.leads import MOST_LEADS, Leads
from lead_qualifier.console.api.parameters import LONGEST, Cursor, LeadId, Wanted
from lead_qualifier.console.api.responses import answer, tagged
from lead_qualifier.console.read_model.lead_search import LeadQuery


def lead_routes(leads: Leads) -> APIRouter:
    """All of them."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get("/leads", response_model=LeadList, summary="Find leads", operation_id="findLeads")
    def find(
        *,  # the parameters are the documentation
        q: Annotated[
            str,
            Query(
                max_length=LONGEST,
                description="How the id begins, or how words of the name do, without regard to case and accents. "
                "Leads found by it come in the order of their ids; otherwise the newest qualified come first.",
                examples=["weber"],
            ),
        ] = "",
        owner: Annotated[str, Query(max_length=LONGEST, description="The owner's id.", examples=["U-4"])] = "",
        status: Annotated[str, Query(max_length=LONGEST, description="The lead's status.", examples=["open"])] = "",
        qualified: Annotated[
            bool | None, Query(description="Whether a model has ever qualified the lead. Default: either.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LEADS, description="The most leads to answer with.")] = 50,
        cursor: Cursor = None,
    ) -> Response:
        """A page of leads."""
        query = LeadQuery(text=q, owner_id=owner, status=status, qualified=qualified)
        return answer(leads.search(query, cursor=cursor, limit=limit))

    @router.get(
        "/leads/{lead_id}",
        response_model=LeadDetails,
        summary="Show a lead",
        operation_id="showLead",
    )
    def show(lead_id: LeadId, language: Wanted, request: Request) -> Response:
        """Everything held about it: status, scores, marks, and what has happened."""
        return tagged(leads.show(lead_id, language.wording), request, language)

    @router.get(
        "/leads/{lead_id}/explanation",
        response_model=LeadExplanation,
        summary="Explain a lead",
        operation_id="explainLead",
    )
    def explain(lead_id: LeadId, language: Wanted, request: Request) -> Response:
        """Why each model qualifies it or not, and what is missing."""
        return tagged(leads.explain(lead_id, language.wording), request, language)

    return router
