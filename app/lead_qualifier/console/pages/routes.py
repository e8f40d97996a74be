"""The routes of the pages: each calls a function of the API, and renders what it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from lead_qualifier.console.access.errors import NotSignedIn
from lead_qualifier.console.access.sessions import SESSION_SECONDS, Access
from lead_qualifier.console.api.resources import Resources
from lead_qualifier.console.languages import LANGUAGES
from lead_qualifier.console.pages.leads import lead_pages
from lead_qualifier.console.pages.overview import ADDRESS, overview_pages
from lead_qualifier.console.pages.rendering import LANGUAGE_COOKIE, Pages

STATIC = "/static"
STATIC_FOLDER = Path(__file__).with_name("static")
HOME = ADDRESS
_YEAR_SECONDS = 365 * 24 * 3600
#: What a form sends for a field that was left empty.
_EMPTY = ""


def page_routes(resources: Resources, pages: Pages, access: Access) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/enter")
    def enter(key: Annotated[str, Query(max_length=200)] = _EMPTY) -> Response:
        session = access.link.open(key)
        if session is None:
            raise NotSignedIn
        answer = RedirectResponse(HOME, status_code=303)
        answer.set_cookie(access.sessions.cookie, session, max_age=SESSION_SECONDS, httponly=True, samesite="strict")
        return answer

    @router.get("/language")
    def choose_language(to: str, back: str = HOME) -> Response:
        answer = RedirectResponse(back if _is_local(back) else HOME, status_code=303)
        if to in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, to, max_age=_YEAR_SECONDS, httponly=True, samesite="strict")
        return answer

    router.include_router(overview_pages(resources.overviews, pages))
    router.include_router(lead_pages(resources.leads, pages))
    return router


def static_files() -> StaticFiles:
    """The stylesheet, the icon and the scripts."""
    return StaticFiles(directory=STATIC_FOLDER)


def _is_local(address: str) -> bool:
    """Whether it is a path of the console: no other host, however browsers read it."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
