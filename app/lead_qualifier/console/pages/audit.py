"""The page of the audit trails."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.audit import Audit, AuditQuery
from lead_qualifier.console.pages.rendering import Pages
from lead_qualifier.console.read_model.audit_trail import TRAIL_KINDS

ADDRESS = "/audit"
_ON_A_PAGE = 50
_EMPTY = ""


def audit_pages(audit: Audit, pages: Pages) -> APIRouter:
    """The one page."""
    router = APIRouter()

    @router.get(ADDRESS, dependencies=[allowed(Permission.VIEW)])
    def find(
        *,  # every field of the form
        request: Request,
        kind: str = _EMPTY,
        id: str = _EMPTY,  # noqa: A002  the field's name
        outcome: str = _EMPTY,
        cursor: str = _EMPTY,
    ) -> Response:
        accepted = {"accepted": True, "refused": False}.get(outcome)
        query = AuditQuery(kind=kind or None, id=id.strip() or None, accepted=accepted)
        return pages.page(
            request,
            "audit.html",
            found=audit.search(query, cursor=cursor or None, limit=_ON_A_PAGE),
            searched={"kind": kind, "id": id, "outcome": outcome},
            kinds=TRAIL_KINDS,
            is_first=not cursor,
        )

    return router
