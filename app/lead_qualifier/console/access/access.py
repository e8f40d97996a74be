"""Who gets in, and how: by a link on this machine, or by an identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import cookie_parser

from lead_qualifier.console.access.api_tokens import ApiTokens
from lead_qualifier.console.access.cookies import SessionCookie
from lead_qualifier.console.access.errors import NoRole, NotSignedIn, TokensNotAccepted
from lead_qualifier.console.access.hosts import Hosts
from lead_qualifier.console.access.link import OneTimeLink
from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.rate_limit import RateLimit
from lead_qualifier.console.access.sessions import Session, Sessions
from lead_qualifier.console.access.sign_in import SignIn

_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Either `link` or `sign_in` is there. `tokens`: None if no API tokens are accepted."""

    hosts: Hosts
    sessions: Sessions
    cookie: SessionCookie
    link: OneTimeLink | None = None
    sign_in: SignIn | None = None
    tokens: ApiTokens | None = None
    attempts: RateLimit = field(default_factory=RateLimit)
    """Of signing in."""

    def session_of(self, headers: Mapping[bytes, str]) -> Session:
        """Who sent a request with these headers.

        Raises NotSignedIn, InvalidToken, NoRole, TokensNotAccepted, ProviderAway, SQLAlchemyError.
        """
        given = headers.get(b"authorization", "")
        if given.lower().startswith(_BEARER):
            if self.tokens is None:
                raise TokensNotAccepted
            return self.tokens.session(given[len(_BEARER) :].strip())
        session = self.sessions.find(self.token_in(headers))
        if session is None:
            raise NotSignedIn(by_link=self.link is not None)
        if not session.person.may(Permission.VIEW):  # such as a role of another version only
            raise NoRole
        return session

    def token_in(self, headers: Mapping[bytes, str]) -> str | None:
        """The token of a session in the cookies of a request."""
        # As browsers do: what other programs on this host set may be no cookie of RFC 6265, and hides no other.
        return cookie_parser(headers.get(b"cookie", "")).get(self.cookie.name)
