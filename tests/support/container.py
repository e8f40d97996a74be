"""Containers of the image that the Dockerfile builds, on this machine's network, allowed no more than they need."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.program import ROOT

IMAGE = "lead-qualifier:test"
_HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def need_engine() -> None:
    """Skip the test where no Docker engine answers."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker engine answers")


def build_image() -> None:
    """Build it, in a minute or two; skip the test where no Docker engine answers."""
    need_engine()
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, "."], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


class Container:
    """A process of the image: `with Container(log, environment, "worker") as worker`. Its output goes to `log`."""

    def __init__(self, log: Path, environment: Mapping[str, str], *arguments: str) -> None:
        self._log = log
        self._name = f"lead-qualifier-test-{uuid.uuid4().hex[:8]}"
        settings = [f"--env={name}={value}" for name, value in environment.items()]
        data = ("--tmpfs", "/var/lib/lead-qualifier:uid=10001,gid=10001")
        self._command = [
            "docker",
            "run",
            "--rm",
            "--init",
            "--name",
            self._name,
            "--network",
            "host",
            *_HARDENED,
            *data,
        ]
        self._command += [*settings, IMAGE, *arguments]

    def __enter__(self) -> Container:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["docker", "rm", "--force", self._name], capture_output=True, check=False)
        self._process.wait(30)

    def said(self, pattern: str, timeout: float = 90) -> str:
        """What its output has in place of the pattern's first group, once it is there."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self._log.read_text())):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)
        return found[1]

    def stop(self) -> int:
        """SIGTERM, as an engine stops it; its exit code."""
        subprocess.run(["docker", "stop", "--time", "30", self._name], capture_output=True, check=True)
        return self._process.wait(30)
