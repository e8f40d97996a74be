"""The routes of the pages: each calls a function of the API, and renders what it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from lead_qualifier.console.api.errors import NotSignedIn
from lead_qualifier.console.api.leads import Leads
from lead_qualifier.console.languages import LANGUAGES
from lead_qualifier.console.pages.rendering import LANGUAGE_COOKIE, Pages, language_of
from lead_qualifier.console.read_model.reader import LeadQuery
from lead_qualifier.console.security import SESSION_SECONDS, Access

STATIC = "/static"
HOME = "/leads"
_ON_A_PAGE = 50
_YEAR_SECONDS = 365 * 24 * 3600
_STATUSES = ("open", "qualified", "disqualified")
#: What a form sends for a field that was left empty.
_EMPTY = ""


def page_routes(leads: Leads, pages: Pages, access: Access) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def home() -> Response:
        return RedirectResponse(HOME, status_code=303)

    @router.get("/enter")
    def enter(key: Annotated[str, Query(max_length=200)] = _EMPTY) -> Response:
        session = access.open(key)
        if session is None:
            raise NotSignedIn
        answer = RedirectResponse(HOME, status_code=303)
        answer.set_cookie(access.cookie, session, max_age=SESSION_SECONDS, httponly=True, samesite="strict")
        return answer

    @router.get("/language")
    def choose_language(to: str, back: str = HOME) -> Response:
        answer = RedirectResponse(back if _is_local(back) else HOME, status_code=303)
        if to in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, to, max_age=_YEAR_SECONDS, httponly=True, samesite="strict")
        return answer

    @router.get(HOME)
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

    @router.get("/lead")
    def show(request: Request, id: str) -> Response:  # noqa: A002  the parameter's name in the address
        wording = language_of(request).wording
        lead, explanation = leads.show_explained(id, wording)
        return pages.page(request, "lead.html", lead=lead, explanation=explanation)

    return router


def static_files() -> StaticFiles:
    """The stylesheet and the icon."""
    return StaticFiles(directory=Path(__file__).with_name("static"))


def _is_local(address: str) -> bool:
    """Whether it is a path of the console: no other host, however browsers read it."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
