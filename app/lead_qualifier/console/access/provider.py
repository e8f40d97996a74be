"""The identity provider: what it says of itself, and its keys."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

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
_RETRY_SECONDS = 5
#: Signatures that only the provider can make: no `none`, and none by a secret that others may share.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

T = TypeVar("T")


class Provider:
    """Reads the provider's documents when they are needed, and keeps them for an hour, or until it answers again."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._http = httpx2.Client(timeout=TIMEOUT_SECONDS)
        self._metadata = _Kept(self._read_metadata, clock)
        self._keys = _Kept(self._read_keys, clock)

    def metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery). Raises ProviderAway."""
        return self._metadata.get(_KEPT_SECONDS)

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
            return jwt.decode(token, self._keys.get(_KEPT_SECONDS), registry=registry)
        except InvalidKeyIdError:  # perhaps its keys have changed
            return jwt.decode(token, self._keys.get(_AGAIN_SECONDS), registry=registry)

    def ask(self, address: str, access_token: str) -> dict[str, Any]:
        """The claims about the person that the access token is for. Raises ProviderAway."""
        return self._get(address, {"Authorization": f"Bearer {access_token}"})

    def _read_metadata(self) -> dict[str, Any]:
        found = self._get(self.issuer.rstrip("/") + _DISCOVERY)
        if found.get("issuer") != self.issuer:
            log.error("oidc_issuer_differs", configured=self.issuer, found=str(found.get("issuer")))
            raise ProviderAway
        return found

    def _read_keys(self) -> KeySet:
        return KeySet(list(_usable(self._get(self.endpoint("jwks_uri")).get("keys"))))

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


class _Kept(Generic[T]):
    """A cached provider document. Refreshed when it expires; the old copy is used if that fails."""

    def __init__(self, read: Callable[[], T], clock: Callable[[], float]) -> None:
        """`read` raises ProviderAway."""
        self._read = read
        self._clock = clock
        self._reading = threading.Lock()
        self._held: T | None = None
        self._read_at = self._failed_at = -math.inf

    def get(self, seconds: float) -> T:
        """What is not older than so many seconds, if the provider answers. Raises ProviderAway if nothing was read."""
        with self._reading:
            now = self._clock()
            is_old = self._held is None or now - self._read_at >= seconds
            if is_old and now - self._failed_at >= _RETRY_SECONDS:  # else all would wait for a provider that hangs
                try:
                    self._held, self._read_at = self._read(), now
                except ProviderAway:
                    self._failed_at = self._clock()
            if self._held is None:
                raise ProviderAway
            return self._held


def _usable(keys: object) -> Iterator[Any]:
    """The keys of a kind that is known: a provider may publish others besides."""
    for one in keys if isinstance(keys, list) else ():
        with suppress(JoseError, ValueError, KeyError, TypeError):
            yield import_key(one)
