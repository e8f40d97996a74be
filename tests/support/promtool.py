"""What Prometheus' own linter says of a page of metrics."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def check_metrics(page: str) -> str:
    """Its remarks, empty if there are none. Skips the test where promtool is not installed."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    done = subprocess.run(
        [program, "check", "metrics"], input=page, text=True, capture_output=True, timeout=30, check=False
    )
    return done.stdout + done.stderr
