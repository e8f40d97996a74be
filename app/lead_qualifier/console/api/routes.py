"""The routes of the API: each calls one function, and answers with JSON."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.forms import Health, LeadDetails, LeadExplanation, LeadList
from lead_qualifier.console.api.leads import MOST_LEADS, Leads
from lead_qualifier.console.languages import Language, wanted
from lead_qualifier.console.read_model.reader import LeadQuery

PREFIX = "/api/v1"
#: No id is longer than a record's key may be, and no server takes a longer URL.
_LONGEST = 16_384


def lead_id_in(
    lead_id: Annotated[str, Path(description="The lead's id, percent-encoded.", examples=["L-1001"])],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    try:
        return unquote(lead_id, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidParameter("must be UTF-8, percent-encoded", parameter="lead_id") from error


def language_in(request: Request) -> Language:
    """The language of sentences, by the header Accept-Language."""
    return wanted(request.headers.get("accept-language", ""))


LeadId = Annotated[str, Depends(lead_id_in)]
Wanted = Annotated[Language, Depends(language_in)]


def routes(leads: Leads) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/leads", response_model=LeadList, summary="Find leads", operation_id="findLeads")
    def find(
        *,  # the parameters are the documentation
        q: Annotated[
            str,
            Query(
                max_length=_LONGEST,
                description="How the id begins, or how words of the name do, without regard to case and accents. "
                "Leads found by it come in the order of their ids; otherwise the newest qualified come first.",
                examples=["weber"],
            ),
        ] = "",
        owner: Annotated[str, Query(max_length=_LONGEST, description="The owner's id.", examples=["U-4"])] = "",
        status: Annotated[str, Query(max_length=_LONGEST, description="The lead's status.", examples=["open"])] = "",
        qualified: Annotated[
            bool | None, Query(description="Whether a model has ever qualified the lead. Default: either.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LEADS, description="The most leads to answer with.")] = 50,
        cursor: Annotated[str | None, Query(max_length=4 * _LONGEST, description="`next_cursor` of a page.")] = None,
    ) -> Response:
        """A page of leads."""
        query = LeadQuery(text=q, owner_id=owner, status=status, qualified=qualified)
        return _answer(leads.search(query, cursor=cursor, limit=limit))

    @router.get("/leads/{lead_id}", response_model=LeadDetails, summary="Show a lead", operation_id="showLead")
    def show(lead_id: LeadId, language: Wanted, request: Request) -> Response:
        """Everything held about it: status, scores, marks, and what has happened."""
        return _tagged(leads.show(lead_id, language.wording), request, language)

    @router.get(
        "/leads/{lead_id}/explanation",
        response_model=LeadExplanation,
        summary="Explain a lead",
        operation_id="explainLead",
    )
    def explain(lead_id: LeadId, language: Wanted, request: Request) -> Response:
        """Why each model qualifies it or not, and what is missing."""
        return _tagged(leads.explain(lead_id, language.wording), request, language)

    @router.get("/health", response_model=Health, summary="Show how far the data is behind", operation_id="showHealth")
    def health() -> Response:
        """Needs no session. It is 503 while the data cannot be relied on: `rebuilding`, or `waiting` for Kafka."""
        answer = leads.health()
        return _answer(answer, status=200 if answer.status == "following" else 503)

    return router


def _answer(model: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = model.model_dump_json(exclude_none=True)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _tagged(model: BaseModel, request: Request, language: Language) -> Response:
    """With an ETag; 304 if the client has it already."""
    answer = _answer(model)
    tag = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    headers: dict[str, Any] = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie",
        "Content-Language": language.code,
    }
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer
