"""The route of the audit trails."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.audit import MOST_ENTRIES, Audit, AuditQuery
from lead_qualifier.console.api.audit_forms import AuditList
from lead_qualifier.console.api.definition_forms import KindName
from lead_qualifier.console.api.parameters import LONGEST, Cursor
from lead_qualifier.console.api.responses import answer

Kind = Literal["model", "feature", "scoring-model", KindName]
Outcome = Literal["accepted", "refused"]


def audit_routes(audit: Audit) -> APIRouter:
    """The one route."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/audit", response_model=AuditList, summary="List commands and their outcomes", operation_id="listAudit"
    )
    def list_entries(
        kind: Annotated[
            Kind | None, Query(description="What they are about. Default: everything.", examples=["model"])
        ] = None,
        id: Annotated[  # noqa: A002  the parameter's name
            str | None, Query(max_length=LONGEST, description="About which of them.", examples=["enterprise"])
        ] = None,
        outcome: Annotated[Outcome | None, Query(description="Default: either.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES, description="The most entries to answer with.")] = 50,
        cursor: Cursor = None,
    ) -> Response:
        """Who did what and when, and what became of it, the newest first; and what scoring engines announced."""
        query = AuditQuery(kind=kind, id=id, accepted=None if outcome is None else outcome == "accepted")
        return answer(audit.search(query, cursor=cursor, limit=limit))

    return router
