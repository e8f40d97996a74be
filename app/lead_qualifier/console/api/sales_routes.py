"""The route by which somebody answers in the place of sales."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.command_parameters import command_id_in
from lead_qualifier.console.api.parameters import LeadId, Wanted
from lead_qualifier.console.api.responses import answer
from lead_qualifier.console.api.sales_answers import SalesAnswers
from lead_qualifier.console.api.sales_forms import SalesAnswer, SalesAnswered


def sales_routes(answers: SalesAnswers) -> APIRouter:
    """The one route."""
    router = APIRouter()

    @router.post(
        "/leads/{lead_id}/sales-response",
        response_model=SalesAnswered,
        status_code=202,
        summary="Answer for sales",
        operation_id="answerForSales",
    )
    def respond(
        lead_id: LeadId,
        said: SalesAnswer,
        person: Annotated[Person, allowed(Permission.ANSWER_FOR_SALES)],
        language: Wanted,
        event_id: Annotated[str | None, Depends(command_id_in)],
    ) -> Response:
        """Say whether sales accepts a qualified lead, as the CRM does. The model says what a rejection changes. An
        answer that is sent again with its Idempotency-Key counts once; another answer with that key is refused.
        """
        return answer(answers.send(person, lead_id, said, language.wording, event_id=event_id), status=202)

    return router
