"""Prometheus' own checks. Where promtool is not installed, the test that asks for them is skipped."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str, folder: Path | None = None, given: str = "") -> str:
    """What promtool says, called in `folder` with `given` as its input. Raises AssertionError if it fails."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run(
        ["promtool", *arguments], cwd=folder, input=given, text=True, capture_output=True, timeout=60, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
