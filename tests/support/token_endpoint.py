"""A token endpoint (OAuth 2, client credentials) for a Kafka that has no key to check tokens with."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode

from tests.support.http_endpoint import Endpoint, Reply


def token_endpoint(*, lifetime: int = 3600) -> Endpoint:
    """Gives an unsigned token, with a lifetime in seconds, to whoever asks."""
    headers = {"Content-Type": "application/json"}
    return Endpoint(lambda _request: Reply(200, headers, _token(lifetime)))


def _token(lifetime: int) -> bytes:
    now = int(time.time())
    parts = [{"alg": "none"}, {"sub": "worker", "iat": now, "exp": now + lifetime, "scope": "kafka"}]
    token = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."
    return json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": lifetime}).encode()
