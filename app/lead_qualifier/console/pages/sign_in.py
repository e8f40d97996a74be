"""Signing in and out."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.access import Access
from lead_qualifier.console.access.configuration import CALLBACK
from lead_qualifier.console.access.errors import NotSignedIn, ProviderAway
from lead_qualifier.console.access.link import OneTimeLink
from lead_qualifier.console.access.people import Person
from lead_qualifier.console.access.sign_in import SignIn
from lead_qualifier.console.pages.local_addresses import is_local
from lead_qualifier.console.pages.overview import ADDRESS as HOME
from lead_qualifier.console.pages.rendering import Pages

SIGN_IN = "/sign-in"
SIGNED_OUT = "/signed-out"
PUBLIC = frozenset({"/enter", SIGN_IN, CALLBACK, SIGNED_OUT})
"""What needs no session."""
#: How long signing in at the provider may take.
_ATTEMPT_SECONDS = 900
_LONGEST_ADDRESS = 2000


def sign_in_pages(access: Access, pages: Pages) -> APIRouter:
    """All of them. Raises TooManyAttempts for who tries too often."""
    router = APIRouter()
    if access.link is not None:
        _add_link(router, access, access.link)
    if access.sign_in is not None:
        _add_provider(router, access, access.sign_in)

    @router.post("/sign-out")
    def sign_out(request: Request) -> Response:
        token = access.token_in(_headers(request))
        if token is not None:
            access.sessions.close(token)
        answer = RedirectResponse(SIGNED_OUT, status_code=303)
        access.cookie.delete(answer)
        return answer

    @router.get(SIGNED_OUT)
    def signed_out(request: Request) -> Response:
        elsewhere = None
        if access.sign_in is not None:
            with suppress(ProviderAway):
                elsewhere = access.sign_in.end_session_url(f"{access.hosts.url}{SIGNED_OUT}")
        return pages.page(request, "signed_out.html", elsewhere=elsewhere)

    return router


def _add_link(router: APIRouter, access: Access, link: OneTimeLink) -> None:
    @router.get("/enter")
    def enter(request: Request, key: Annotated[str, Query(max_length=200)] = "") -> Response:
        with access.attempts.attempt(_client(request)):
            if not link.open(key):
                raise NotSignedIn(by_link=True)
        return _welcome(access, request, link.person, HOME)


def _add_provider(router: APIRouter, access: Access, sign_in: SignIn) -> None:
    @router.get(SIGN_IN)
    def begin(request: Request, to: str = HOME, another: bool = False) -> Response:
        url, secret = sign_in.begin(as_another=another)
        answer = RedirectResponse(url, status_code=303)
        kept = f"{secret}.{quote(to if len(to) <= _LONGEST_ADDRESS else HOME, safe='')}"
        access.cookie.set(answer, kept, seconds=_ATTEMPT_SECONDS, name=access.cookie.attempt)
        return answer

    @router.get(CALLBACK)
    def finish(request: Request) -> Response:
        secret, _, to = request.cookies.get(access.cookie.attempt, "").partition(".")
        with access.attempts.attempt(_client(request)):
            person = sign_in.finish(secret, dict(request.query_params))
        to = unquote(to)
        answer = _welcome(access, request, person, to if is_local(to) else HOME)
        access.cookie.delete(answer, access.cookie.attempt)
        return answer


def _welcome(access: Access, request: Request, person: Person, to: str) -> Response:
    token = access.sessions.open(person, previous=access.token_in(_headers(request)))
    answer = RedirectResponse(to, status_code=303)
    access.cookie.set(answer, token, seconds=access.sessions.seconds)
    return answer


def _headers(request: Request) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in request.scope["headers"]}


def _client(request: Request) -> str:
    return "" if request.client is None else request.client.host
