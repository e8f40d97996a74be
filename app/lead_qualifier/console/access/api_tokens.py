"""Bearer tokens of programs: the provider's own, for the audience of this API."""

from __future__ import annotations

from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from lead_qualifier.console.access.claims import RolesClaim
from lead_qualifier.console.access.errors import InvalidToken, NoRole
from lead_qualifier.console.access.provider import LEEWAY_SECONDS, Provider
from lead_qualifier.console.access.sessions import Session


class ApiTokens:
    """Checks the tokens that come with requests."""

    def __init__(self, provider: Provider, *, audience: str, roles: RolesClaim) -> None:
        self._provider = provider
        self._audience = audience
        self._roles = roles

    def session(self, token: str) -> Session:
        """Who sent the token. Raises InvalidToken, NoRole, ProviderAway."""
        try:
            claims = self._provider.verify(token).claims
            JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self._provider.issuer},
                aud={"essential": True, "value": self._audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        except (JoseError, TypeError, ValueError) as error:  # TypeError: of headers of a wrong form
            raise InvalidToken from error
        person = self._roles.person(claims)
        if not person.roles:
            raise NoRole
        return Session(person, csrf_token=None, ends_at=float(claims["exp"]) + LEEWAY_SECONDS)
