"""The routes about sellers, and about who has or waits for one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.assignment_forms import AssignmentExplanation, SellerList, WaitingLeadList
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.api.parameters import Cursor, LeadId, Wanted
from lead_qualifier.console.api.responses import answer, tagged

MOST_WAITING = 200


def assignment_routes(assignments: Assignments) -> APIRouter:
    """All of them."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/sellers",
        response_model=SellerList,
        summary="List sellers",
        operation_id="listSellers",
    )
    def sellers() -> Response:
        """All of them with capacity, hours, and whether they can get a lead now."""
        return answer(assignments.sellers())

    @router.get(
        "/assignments/waiting",
        response_model=WaitingLeadList,
        summary="List leads that wait for a seller",
        operation_id="listWaitingLeads",
    )
    def waiting(
        language: Wanted,
        limit: Annotated[int, Query(ge=1, le=MOST_WAITING, description="The most leads to answer with.")] = 50,
        cursor: Cursor = None,
    ) -> Response:
        """Who has waited longest first, each with why it waits."""
        return answer(assignments.waiting(language.wording, cursor=cursor, limit=limit))

    @router.get(
        "/leads/{lead_id}/assignment",
        response_model=AssignmentExplanation,
        summary="Explain a lead's assignment",
        operation_id="explainAssignment",
    )
    def explain(lead_id: LeadId, language: Wanted, request: Request) -> Response:
        """Why it has its owner, or waits, or has none."""
        return tagged(assignments.explain(lead_id, language.wording), request, language)

    return router
