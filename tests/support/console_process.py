"""One console process: started, entered by its link, asked over HTTP, killed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.support.program import start, without_settings


class ConsoleProcess:
    """`folder` keeps its database and its logs."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.out, self.log = folder / "console.out", folder / "console.log"
        given = {
            **without_settings(),
            "LEAD_QUALIFIER_WEB_PORT": "0",
            **environment,
            "LEAD_QUALIFIER_DATA_DIR": str(folder),
        }
        with self.out.open("wb") as stdout, self.log.open("wb") as stderr:
            self.process = start(
                ["lead_qualifier", "console", "--port", "0"], environment=given, stdout=stdout, stderr=stderr
            )
        link = self._link()
        self.client = httpx.Client(base_url=link.partition("/enter")[0], timeout=30)
        assert self.client.get(link).status_code == 303
        self.client.headers["X-CSRF-Token"] = self.get("/session")["csrf_token"]

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = self.client.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def lead(self, lead_id: str, more: str = "") -> dict[str, Any]:
        return self.get(f"/leads/{quote(lead_id, safe='')}{more}")

    def health(self) -> dict[str, Any]:
        return dict(self.client.get("/api/v1/health").json())

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.log.with_name("console.sqlite3")

    def web(self) -> str:
        """The address of health and metrics, as it says itself."""
        [started] = [json.loads(line) for line in self.log.read_text().splitlines() if "console_started" in line]
        return str(started["web"])

    def metrics(self) -> str:
        """What Prometheus scrapes."""
        return httpx.get(f"{self.web()}/metrics").text

    def wait_up_to_date(self, timeout: float = 60) -> None:
        """Until a look at the ends of the topics, begun after now, finds nothing that is not projected."""
        deadline = time.monotonic() + timeout
        since = time.monotonic() + 3  # it looks every two seconds
        while self.health() != {"status": "following", "behind": 0} or time.monotonic() < since:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, (self.health(), self.log.read_text())
            time.sleep(0.1)

    def kill(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait(10)

    def terminate(self) -> int:
        self.client.close()
        self.process.terminate()
        return self.process.wait(20)

    def _link(self) -> str:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"Console: (http\S+)", self.out.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return found[1]
