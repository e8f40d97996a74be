"""Signing in at an identity provider: OpenID Connect's authorization code flow with PKCE."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from lead_qualifier.console.access.claims import RolesClaim
from lead_qualifier.console.access.errors import NoRole, ProviderAway, SignInFailed
from lead_qualifier.console.access.people import Person
from lead_qualifier.console.access.provider import LEEWAY_SECONDS, TIMEOUT_SECONDS, Provider

log = structlog.get_logger(__name__)


class SignIn:
    """One flow begins with a secret, which stays in the browser's cookie.

    State, nonce and code verifier are derived from it: so nothing is stored until somebody is signed in, any process
    can finish what another began, and what one browser began no other can finish.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        client_id: str,
        client_secret: Callable[[], str | None],
        scope: str,
        redirect_uri: str,
        roles: RolesClaim,
    ) -> None:
        """`client_secret`: read at each use, so that it may change; None for a public client."""
        self._provider = provider
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._redirect_uri = redirect_uri
        self._roles = roles

    def begin(self, *, as_another: bool = False) -> tuple[str, str]:
        """The provider's address to go to, and the secret. Raises ProviderAway.

        `as_another`: let the provider ask who it is, even if it knows somebody in this browser.
        """
        secret = secrets.token_urlsafe(32)
        endpoint = self._provider.endpoint("authorization_endpoint")
        with self._client() as client:
            url, _ = client.create_authorization_url(
                endpoint,
                state=_derived(secret, "state"),
                nonce=_derived(secret, "nonce"),
                code_verifier=_derived(secret, "code verifier"),
                **({"prompt": "login"} if as_another else {}),
            )
        return str(url), secret

    def finish(self, secret: str, answer: Mapping[str, str]) -> Person:
        """The person whom the provider sends back. `secret`: empty if the browser has none any more.

        `answer`: the parameters that the provider gave to the browser.

        Raises SignInFailed, NoRole, ProviderAway.
        """
        if not secret:
            raise _failed("no_attempt")
        if not hmac.compare_digest(answer.get("state", "").encode(), _derived(secret, "state").encode()):
            raise _failed("state")
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise _failed("iss")
        if "error" in answer or "code" not in answer:
            raise _failed("error")
        tokens = self._exchange(answer["code"], _derived(secret, "code verifier"))
        claims = self._claims(tokens, _derived(secret, "nonce"))
        person = self._roles.person(claims)
        if not person.roles:
            log.warning("sign_in_refused", reason="no_role")
            raise NoRole
        log.info("signed_in", roles=sorted(role.value for role in person.roles))
        return person

    def end_session_url(self, back: str) -> str | None:
        """Where somebody signs out of the provider, too; None if it offers none. Raises ProviderAway."""
        endpoint = self._provider.metadata().get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        parameters = httpx2.QueryParams({"client_id": self._client_id, "post_logout_redirect_uri": back})
        return str(httpx2.URL(endpoint).copy_merge_params(parameters))

    def _client(self) -> Any:
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._client_secret(),
            scope=self._scope,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        endpoint = self._provider.endpoint("token_endpoint")
        try:
            with self._client() as client, self._provider.reaching("token_endpoint"):
                tokens = client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except OAuthError as error:
            raise _failed("token_endpoint") from error
        if not isinstance(tokens.get("id_token"), str):
            raise _failed("id_token")
        return dict(tokens)

    def _claims(self, tokens: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Of the ID token, and of the provider's answer about the user where the ID token lacks roles or name."""
        issuer, access_token = self._provider.issuer, str(tokens.get("access_token", ""))
        try:
            token = self._provider.verify(tokens["id_token"])
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": self._client_id}},
                {"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
            )
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            raise _failed(type(error).__name__) from error
        known: dict[str, Any] = dict(claims)
        has_roles = self._roles.is_in(known)
        if has_roles and known.get("name"):
            return known
        try:
            return self._with_userinfo(known, access_token)
        except ProviderAway:
            if not has_roles:
                raise
            return known  # without a name

    def _with_userinfo(self, claims: Mapping[str, Any], access_token: str) -> Mapping[str, Any]:
        """Raises ProviderAway."""
        endpoint = self._provider.metadata().get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not access_token:
            return claims
        more = self._provider.ask(endpoint, access_token)
        return {**more, **claims} if more.get("sub") == claims["sub"] else claims


def _derived(secret: str, use: str) -> str:
    return hmac.new(secret.encode(), use.encode(), hashlib.sha256).hexdigest()


def _failed(reason: str) -> SignInFailed:
    # The reason is a word of ours: what the provider or the browser sent may be anything.
    log.warning("sign_in_failed", reason=reason)
    return SignInFailed()
