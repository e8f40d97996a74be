"""The identity provider: what it says of itself, and its keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx2
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key
from joserfc.jws import JWSRegistry

from lead_qualifier.console.access.errors import ProviderAway

log = structlog.get_logger(__name__)

LEEWAY_SECONDS = 60
"""How far clocks may differ."""
TIMEOUT_SECONDS = 10
_DISCOVERY = "/.well-known/openid-configuration"
_KEPT_SECONDS = 3600
#: How often (seconds) keys are asked for because a token names one that is not known.
_AGAIN_SECONDS = 30
#: Signatures that only the provider can make: no `none`, and none by a secret that others may share.
_ALGORITHMS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
]


class Provider:
    """Reads the provider's documents when they are needed, and keeps them for an hour."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._http = httpx2.Client(timeout=TIMEOUT_SECONDS)
        self._clock = clock
        self._reading = threading.Lock()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery). Raises ProviderAway."""
        with self._reading:
            return self._read_metadata()

    def endpoint(self, name: str) -> str:
        """An address that every provider has. Raises ProviderAway."""
        found = self.metadata().get(name)
        if not isinstance(found, str):
            raise self._away(name, KeyError(name))
        return found

    def verify(self, token: str) -> jwt.Token:
        """A token that the provider has signed. Its claims are to be checked. Raises JoseError, ProviderAway."""
        registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        try:
            return jwt.decode(token, self._key_set(), registry=registry)
        except InvalidKeyIdError:  # perhaps its keys have changed
            return jwt.decode(token, self._key_set(_AGAIN_SECONDS), registry=registry)

    def ask(self, address: str, access_token: str) -> dict[str, Any]:
        """A document about whoever the access token is for. Raises ProviderAway."""
        return self._get(address, {"Authorization": f"Bearer {access_token}"})

    def _read_metadata(self) -> dict[str, Any]:
        if self._metadata is None or self._clock() - self._metadata[0] >= _KEPT_SECONDS:
            found = self._get(self.issuer.rstrip("/") + _DISCOVERY)
            if found.get("issuer") != self.issuer:
                log.error("oidc_issuer_differs", configured=self.issuer, found=str(found.get("issuer")))
                raise ProviderAway
            self._metadata = (self._clock(), found)
        return self._metadata[1]

    def _key_set(self, kept: float = _KEPT_SECONDS) -> KeySet:
        with self._reading:
            if self._keys is None or self._clock() - self._keys[0] >= kept:
                document = self._get(str(self._read_metadata().get("jwks_uri")))
                self._keys = (self._clock(), KeySet(list(_usable(document.get("keys")))))
            return self._keys[1]

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        with self.reaching("document"):
            answer = self._http.get(address, headers=headers)
            answer.raise_for_status()
            found = answer.json()
            if not isinstance(found, dict):
                raise ValueError  # noqa: TRY004  as json() raises for what is none
            return found

    @contextmanager
    def reaching(self, what: str) -> Iterator[None]:
        """Around requests to the provider. Raises ProviderAway."""
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._away(what, error) from error

    def _away(self, what: str, error: Exception) -> ProviderAway:
        # Not in its own words, which may repeat tokens.
        log.error("oidc_provider_failed", issuer=self.issuer, reading=what, error=type(error).__name__)
        return ProviderAway()


def _usable(keys: object) -> Iterator[Any]:
    """The keys of a kind that is known: a provider may publish others besides."""
    for one in keys if isinstance(keys, list) else ():
        with suppress(JoseError, ValueError, KeyError, TypeError):
            yield import_key(one)
