"""Who is signed in, and what they may do."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from lead_qualifier.console.access.people import Permission, Role
from lead_qualifier.console.access.permissions import SignedIn
from lead_qualifier.console.api.responses import answer


class SessionDetails(BaseModel):
    """The session of a request."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "subject": "U-4",
                "name": "Anna Weber",
                "roles": ["marketer"],
                "permissions": ["view", "edit_definitions"],
                "csrf_token": "3f1c…",
            }
        },
    )

    subject: str = Field(description="The identifier of the person or program, which never changes.")
    name: str | None = Field(None, description="For people.")
    roles: list[Role]
    permissions: list[Permission] = Field(description="What these roles allow.")
    csrf_token: str | None = Field(
        None, description="Send it as X-CSRF-Token with every change. Absent for bearer tokens, which need none."
    )


def session_routes() -> APIRouter:
    """The one route."""
    router = APIRouter()

    @router.get("/session", response_model=SessionDetails, summary="Show who is signed in", operation_id="showSession")
    def show(session: SignedIn) -> Response:
        """Who is signed in, what they may do, and the token that changes have to carry."""
        person = session.person
        details = SessionDetails(
            subject=person.subject,
            name=person.name or None,
            roles=sorted(person.roles),
            permissions=[one for one in Permission if person.may(one)],
            csrf_token=session.csrf_token,
        )
        return answer(details)

    return router
