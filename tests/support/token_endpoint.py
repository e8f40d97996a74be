"""A token endpoint (OAuth 2, client credentials) for a Kafka that has no key to check tokens with."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class TokenEndpoint:
    """Gives an unsigned token to whoever asks, for the time of the `with`."""

    def __init__(self, *, lifetime: int = 3600) -> None:
        """`lifetime`: of a token, in seconds."""
        self.issued = 0
        """How many tokens were asked for."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.issued += 1
                body = _token(lifetime)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                """Nothing: the tests' output is for the tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/token"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _token(lifetime: int) -> bytes:
    now = int(time.time())
    parts = [{"alg": "none"}, {"sub": "worker", "iat": now, "exp": now + lifetime, "scope": "kafka"}]
    token = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."
    return json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": lifetime}).encode()
