"""Prometheus itself: it scrapes processes and evaluates the alerts that are shipped, with minutes played as seconds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.http_endpoint import unused_port
from tests.support.program import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
#: A range must hold several scrapes, which are a second apart, and what a loaded machine takes to restart a process.
_RANGE_SECONDS = 2


def faster(rules: str) -> str:
    """The rules, with each minute of `for:` and of thresholds (`N * 60`) a second, and of ranges two."""
    rules = re.sub(r"(\bfor: \d+)m\b", r"\1s", rules)
    rules = re.sub(r"(\d+) \* 60\b", r"\1", rules)
    return re.sub(r"(\[|offset )(\d+)m\b", lambda found: f"{found[1]}{int(found[2]) * _RANGE_SECONDS}s", rules)


class Prometheus:
    """Runs until `close`. `targets`: addresses, to be changed at any time by `watch`."""

    JOB = "lead-qualifier"

    def __init__(self, folder: Path) -> None:
        program = shutil.which("prometheus")
        assert program is not None
        self._folder = folder
        self.watch()
        for file in MONITORING.glob("alerts*.yaml"):
            if not file.stem.endswith("_test"):
                (folder / file.name).write_text(faster(file.read_text()))
        discovery = {"files": ["targets.json"], "refresh_interval": "1s"}
        (folder / "prometheus.yml").write_text(
            json.dumps(  # which is YAML, too
                {
                    "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                    "rule_files": ["alerts.yaml", "alerts-optional.yaml"],
                    "scrape_configs": [{"job_name": self.JOB, "file_sd_configs": [discovery]}],
                }
            )
        )
        port = unused_port()
        self._url = f"http://127.0.0.1:{port}/api/v1/"
        with (folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/tsdb",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        self._wait_for_start()

    def watch(self, *urls: str) -> None:
        """Scrape these processes, and no others."""
        targets = [url.removeprefix("http://") for url in urls]
        written = self._folder / "targets.new"
        written.write_text(json.dumps([{"targets": targets}]))
        written.rename(self._folder / "targets.json")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query. Raises AssertionError if Prometheus refuses it."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Those that fire, and those that will if their cause stays (`state`: firing or pending)."""
        found: list[dict[str, Any]] = self._get("alerts")["alerts"]
        return found

    def firing(self) -> list[dict[str, Any]]:
        """Those that fire."""
        return [one for one in self.alerts() if one["state"] == "firing"]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    def _get(self, what: str, **arguments: str) -> Any:
        url = f"{self._url}{what}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it is starting
                raise
            raise AssertionError(f"{arguments}: {error.read().decode()}") from error

    def _wait_for_start(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(self._url.replace("/api/v1/", "/-/ready"), timeout=10).close()
                return
            except OSError:  # refused, or 503 while it starts
                assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
