"""A log line shows what it was given, and never what happened to lie around."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
import structlog
from app.settings import LogFormat
from app.worker.logs import configure_logs

def fail(config):
    password = config["sasl.password"]
    raise RuntimeError("something else")

configure_logs(LogFormat(sys.argv[1]))
try:
    fail({"sasl.password": "Xq7" + "-hush"})
except RuntimeError:
    structlog.get_logger("a").exception("failed")
    logging.getLogger("b").exception("failed")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_shown_without_local_variables(log_format: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, log_format], capture_output=True, text=True, check=True)
    assert done.stderr.count("RuntimeError: something else") == 2
    assert "Xq7-hush" not in done.stderr
