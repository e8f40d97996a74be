"""An identity provider that answers as a test wants it to, forgeries included. A browser is not sent to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.support.http_endpoint import Endpoint, Raw, Reply, Request

CLIENT_ID = "console"
CLIENT_SECRET = "a secret of the console"
AUDIENCE = "https://api.example.com"
ERIKA = {"sub": "U-7", "name": "Erika Beispiel", "roles": ["marketer", "of another program"]}
_JSON = {"Content-Type": "application/json"}


Key = RSAKey | ECKey | OKPKey


def rsa_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


ANOTHER_KEY, UNKNOWN_KEY = rsa_key("first"), rsa_key("unknown")
"""Keys of somebody else. The first has the id of the provider's own."""


class ForgingProvider:
    """`keys`: that it publishes; `tokens`: what the token endpoint gives for a nonce, by default what is right."""

    def __init__(self) -> None:
        self._own_key = rsa_key("first")
        self._runs = True
        self.endpoint = Endpoint(self._answer)
        self.issuer = self.endpoint.url
        self.reset()

    def reset(self) -> None:
        """Be as a provider should be."""
        if not self._runs:
            self.endpoint.start()
            self._runs = True
        self.endpoint.behave = self._answer
        self.key = self._own_key
        self.keys = [self.key]
        self.published: Callable[[], list[Any]] = lambda: [key.as_dict(private=False) for key in self.keys]
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        self.claims: dict[str, Any] = dict(ERIKA)
        self.userinfo: dict[str, Any] = {}
        self.tokens: Callable[[], Mapping[str, Any] | Reply] = self.right_tokens
        self.nonce = self.challenge = ""

    def stop(self) -> None:
        if self._runs:
            self.endpoint.stop()
            self._runs = False

    def id_token(self, key: Key | None = None, header: Mapping[str, str] = MappingProxyType({}), **changed: Any) -> str:
        """What is right, with these claims; one that is None is left out."""
        return self._signed({"aud": CLIENT_ID, "nonce": self.nonce, **changed}, key, header)

    def access_token(
        self, key: Key | None = None, header: Mapping[str, str] = MappingProxyType({}), **changed: Any
    ) -> str:
        """A token for the API, as right as the other."""
        return self._signed({"aud": [AUDIENCE, "another"], **changed}, key, header)

    def _signed(self, changed: Mapping[str, Any], key: Key | None, header: Mapping[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "iat": now, "exp": now + 300, **self.claims, **changed}
        given = {name: value for name, value in claims.items() if value is not None}
        key = key or self.key
        full = {"alg": "RS256", "kid": str(key.kid), **header}
        return jwt.encode(full, given, key, [full["alg"]])

    def right_tokens(self) -> Mapping[str, Any]:
        return {"access_token": "an access token", "token_type": "Bearer", "id_token": self.id_token()}

    def _answer(self, request: Request) -> Reply | Raw:
        path = request.path.partition("?")[0]
        if path == "/.well-known/openid-configuration":
            return _json(self.metadata)
        if path == "/keys":
            return _json({"keys": self.published()})
        if path == "/userinfo" and request.headers.get("authorization") == "Bearer an access token":
            return _json(self.userinfo)
        if path == "/token" and self._is_right(request):
            given = self.tokens()
            return given if isinstance(given, Reply) else _json(given)
        return _json({"error": "invalid_request"}, 400)

    def _is_right(self, request: Request) -> bool:
        sent = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
        login = base64.b64decode(request.headers.get("authorization", "Basic ").partition(" ")[2]).decode()
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        return (
            sent.get("grant_type") == "authorization_code"
            and sent.get("code") == "a code"
            and base64.urlsafe_b64encode(digest).decode().rstrip("=") == self.challenge
            and login == f"{CLIENT_ID}:{CLIENT_SECRET}"
        )


def unsigned(token: str) -> str:
    """The token with the algorithm `none`, and without its signature."""
    return f"{_changed_header(token, alg='none')}."


def signed_by_the_public_key(token: str, provider: ForgingProvider) -> str:
    """As if the public key were a shared secret, for those who verify HS256 with it."""
    signed = _changed_header(token, alg="HS256", kid=provider.key.kid)
    digest = hmac.new(provider.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encoded(digest)}"


def _changed_header(token: str, **header: Any) -> str:
    _, claims, _ = token.split(".")
    return f"{_encoded(json.dumps(header).encode())}.{claims}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _json(document: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(status, _JSON, json.dumps(document).encode())
