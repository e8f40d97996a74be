"""The routes of the overview and of qualifications."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api import problems
from lead_qualifier.console.api.live import EVENT_STREAM, LiveUpdates
from lead_qualifier.console.api.overview import Overviews
from lead_qualifier.console.api.overview_forms import Overview, QualificationList
from lead_qualifier.console.api.parameters import LONGEST, Cursor, Since, Wanted
from lead_qualifier.console.api.qualifications import MOST_QUALIFICATIONS, Qualifications
from lead_qualifier.console.api.responses import answer, in_language
from lead_qualifier.console.api.stream_places import MOST_OF_PERSON


def overview_routes(overviews: Overviews, qualifications: Qualifications, live: LiveUpdates) -> APIRouter:
    """All of them."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/overview",
        response_model=Overview,
        summary="Show the overview",
        operation_id="showOverview",
    )
    def show(language: Wanted) -> Response:
        """What is live, how many leads qualify, the newest of them, and what is wrong."""
        return answer(overviews.show(language.wording), headers=in_language(language))

    @router.get(
        "/qualifications",
        response_model=QualificationList,
        summary="List qualifications",
        operation_id="listQualifications",
    )
    def find(
        language: Wanted,
        *,
        model: Annotated[
            str | None, Query(max_length=LONGEST, description="The qualification model's id.", examples=["enterprise"])
        ] = None,
        since: Since = None,
        limit: Annotated[
            int, Query(ge=1, le=MOST_QUALIFICATIONS, description="The most qualifications to answer with.")
        ] = 50,
        cursor: Cursor = None,
    ) -> Response:
        """The newest first. Those of leads that were erased are not held any more."""
        found = qualifications.find(language.wording, model_id=model, since=since, cursor=cursor, limit=limit)
        return answer(found, headers=in_language(language))

    async def in_place(person: Annotated[Person, allowed(Permission.VIEW)]) -> AsyncIterator[None]:
        with live.places.taken_by(person.subject):
            yield  # until the stream has ended

    @router.get(
        "/stream",
        dependencies=[Depends(in_place)],
        response_class=StreamingResponse,
        responses={
            200: {"description": "Server-sent events.", "content": {EVENT_STREAM: {"schema": _STREAM}}},
            429: problems.described(f"The person follows {MOST_OF_PERSON} streams already."),
        },
        summary="Follow the overview",
        operation_id="followOverview",
    )
    async def follow(language: Wanted) -> Response:
        """Server-sent events, until ten minutes are over; then ask again.

        `overview` comes at the beginning and whenever it changes: its data is an Overview. `qualified` comes for each
        new qualification: its data is a Qualification. There are at most 200 of these in two seconds, the newest;
        `/qualifications` lists all. One person may follow 10 streams at a time.
        """
        headers = {**in_language(language), "X-Accel-Buffering": "no"}  # nginx would hold messages back
        return StreamingResponse(live.messages(language), media_type=EVENT_STREAM, headers=headers)

    return router


_STREAM = {
    "type": "string",
    "example": 'event: overview\ndata: {"at":"2026-11-23T09:30:00Z","lead_management":true,...}\n\n',
}
