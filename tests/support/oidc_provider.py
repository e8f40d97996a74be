"""A certified OpenID Connect provider, as a process on this machine: npm's oidc-provider."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Self

import httpx

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.settings import Settings, load_settings

PACKAGE = "oidc-provider@9.13.3"
AUDIENCE = "https://api.example.com"
_SCRIPT = Path(__file__).with_suffix(".mjs")


class OidcProvider:
    """Whoever signs in as `anna.marketer.operator` has these roles. It is another site than the console's.

    `with` starts it, for the console at the address `console`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        [self._port] = free_ports(1)
        self.issuer = f"http://localhost:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def settings(self, **more: Any) -> Settings:
        """Of a console whose people sign in here."""
        return load_settings(
            **{
                "oidc_issuer": self.issuer,
                "oidc_client_id": "console",
                "oidc_client_secret": "a secret of the console",
                "oidc_audience": AUDIENCE,
                **more,
            }
        )

    def start(self, console: str) -> None:
        log = self._folder / "provider.log"
        with log.open("wb") as written:
            command = ["node", str(_SCRIPT), str(self._port), console]
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.PIPE, stderr=written)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", log.read_text()

    def token_of_the_robot(self) -> str:
        """An access token for the API, with the role operator."""
        answer = httpx.post(
            f"{self.issuer}/token",
            data={"grant_type": "client_credentials", "resource": AUDIENCE},
            auth=("robot.operator", "a secret of the robot"),
        )
        return str(answer.json()["access_token"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
