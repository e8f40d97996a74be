"""The application: the API, the pages and what is around them."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from lead_qualifier import __version__
from lead_qualifier.console.access.access import Access
from lead_qualifier.console.access.asgi import Application, Scope
from lead_qualifier.console.access.errors import NotSignedIn
from lead_qualifier.console.access.guard import Guard
from lead_qualifier.console.api import problems
from lead_qualifier.console.api.dataverse_routes import PATH as WEBHOOK
from lead_qualifier.console.api.forms import Problem
from lead_qualifier.console.api.openapi import TITLE, description
from lead_qualifier.console.api.resources import PREFIX, Resources, api_routes
from lead_qualifier.console.errors import ApiError, DatabaseAway
from lead_qualifier.console.pages.rendering import Pages, address, address_of
from lead_qualifier.console.pages.routes import STATIC, page_routes, static_files
from lead_qualifier.console.pages.sign_in import PUBLIC, SIGN_IN

log = structlog.get_logger(__name__)

_OPENAPI = f"{PREFIX}/openapi.json"
_HEALTH = f"{PREFIX}/health"
_PUBLIC = PUBLIC | {_HEALTH, f"{PREFIX}{WEBHOOK}", _OPENAPI, "/language"}
#: What nginx logs for this; HTTP has no status for it.
_CLIENT_CLOSED = 499


def create_application(
    resources: Resources,
    access: Access,
    *,
    running: Callable[[], AbstractAsyncContextManager[None]] | None = None,
) -> Application:
    """The application, as ASGI has it. `running`: what runs beside it."""
    pages = Pages(resources.standing, signs_in=access.sign_in is not None)
    app = FastAPI(
        title=TITLE,
        version=__version__,
        lifespan=None if running is None else lambda _app: running(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(api_routes(resources))
    app.include_router(page_routes(resources, pages, access))
    app.mount(STATIC, static_files())
    app.add_api_route(_OPENAPI, lambda: Response(_openapi(), media_type="application/json"), include_in_schema=False)
    answer = _Answers(pages, access)
    app.add_exception_handler(ApiError, answer.refused)
    app.add_exception_handler(RequestValidationError, answer.invalid)
    app.add_exception_handler(HTTPException, answer.not_there)
    app.add_exception_handler(SQLAlchemyError, answer.database_away)
    app.add_exception_handler(ClientDisconnect, answer.gone)
    app.add_exception_handler(Exception, answer.failed)
    return Guard(
        app,
        access=access,
        is_public=lambda path: path in _PUBLIC or path.startswith(f"{STATIC}/"),
        says_more=lambda path: path == _HEALTH,
        refuse=answer.guarded,
    )


@cache
def _openapi() -> str:
    """The document of the API, made when it is first asked for so that it delays no start."""
    return json.dumps(description(), indent=2)


class _Answers:
    """What went wrong, as a problem for programs and as a page for people."""

    def __init__(self, pages: Pages, access: Access) -> None:
        self._pages = pages
        self._access = access

    def refused(self, request: Request, error: Any) -> Response:
        return self._answer(request, problems.of_error(error), error.headers)

    def invalid(self, request: Request, error: Any) -> Response:
        return self._answer(request, problems.of_validation(error))

    def not_there(self, request: Request, error: Any) -> Response:
        is_other_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        headers = {"Allow": ", ".join(_methods_at(request))} if is_other_method else error.headers
        return self._answer(request, problems.of_status(error.status_code), headers)

    def database_away(self, request: Request, error: Exception) -> Response:
        # Not in its own words, which may repeat values: they are personal data.
        log.error("database_failed", error=type(error).__name__)
        return self._answer(request, problems.of_error(DatabaseAway()))

    @staticmethod
    def gone(_request: Request, _error: Exception) -> Response:
        """The client went away before it had sent all of its request. Nothing failed, and nobody gets the answer."""
        return Response(status_code=_CLIENT_CLOSED)

    def failed(self, request: Request, error: Exception) -> Response:
        # Where it was, without its words: these may repeat values, too.
        where = [f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)]
        log.error("request_failed", error=type(error).__name__, at=where[-5:])
        return self._answer(request, problems.of_error(ApiError("Something went wrong: see the console's log.")))

    def guarded(self, scope: Scope, error: Exception) -> Application:
        """Answer what the guard refuses. Pages that are opened without a session lead to signing in."""
        request = Request(scope)
        opens_page = request.method == "GET" and not _is_api(request) and "hx-request" not in request.headers
        if isinstance(error, NotSignedIn) and self._access.sign_in is not None and opens_page:
            return RedirectResponse(address(SIGN_IN, to=address_of(request)), status_code=303)
        if isinstance(error, ApiError):
            return self.refused(request, error)
        if isinstance(error, SQLAlchemyError):
            return self.database_away(request, error)
        return self.failed(request, error)

    def _answer(self, request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        if _is_api(request):
            return problems.answer(problem, headers)
        return self._pages.problem(request, problem, headers)


def _methods_at(request: Request) -> list[str]:
    """The methods of all routes with this path; Starlette names those of the first one only."""
    routes = request.app.routes
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _is_api(request: Request) -> bool:
    return str(request.scope["path"]).startswith("/api/")
