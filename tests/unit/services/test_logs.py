"""A log line shows what it was given, and never what happened to lie around."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command_line import environment

PROGRAM = """
import logging, sys
import structlog
from lead_qualifier.settings import LogFormat
from lead_qualifier.services.logs import configure_logs

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


OUTAGE = """
import logging
from lead_qualifier.settings import LogFormat
from lead_qualifier.services.logs import configure_logs

configure_logs(LogFormat.JSON)
aio, rd, other = (logging.getLogger(name) for name in ("aiokafka", "librdkafka", "other"))
for attempt in range(500):
    aio.error("Unable connect to node with id %s: %s", 1, attempt)
    aio.error("Unable to update metadata from %s", [1])
    rd.log(logging.ERROR, "%s [%s] %s", "FAIL", "rdkafka#producer-1", f"after {attempt}")
rd.log(logging.WARNING, "%s [%s] %s", "GETPID", "rdkafka#producer-1", "something else")
for _ in range(3):
    other.error("mine")
    try:
        1 / 0
    except ZeroDivisionError:
        aio.exception("Unexpected error")
"""


def test_only_what_kafka_clients_repeat_is_rate_limited() -> None:
    done = subprocess.run([sys.executable, "-c", OUTAGE], capture_output=True, text=True, check=True)
    told = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert told[:4] == [
        "Unable connect to node with id 1: 0",
        "Unable to update metadata from [1]",
        "FAIL [rdkafka#producer-1] after 0",
        "GETPID [rdkafka#producer-1] something else",
    ]
    assert told[4:] == ["mine", "Unexpected error"] * 3


HOSTILE = """
import logging
import structlog
from lead_qualifier.settings import LogFormat
from lead_qualifier.services.logs import configure_logs

BAD = "L-1\\x1b[2J\\r\\n2026-11-28T00:00:00Z [info] forged\\x9b31m\\u202e"
configure_logs(LogFormat.CONSOLE)
log = structlog.get_logger("a")
log.warning("bad_message", topic=BAD, several=[BAD], error=type("E", (), {"__repr__": lambda self: BAD})())
log.warning(BAD, **{BAD: 1})
logging.getLogger("b").warning("from a broker: %s", BAD)
for logger in (log, logging.getLogger("b")):
    try:
        raise RuntimeError(BAD)
    except RuntimeError:
        logger.exception("failed")
"""


def test_a_console_line_shows_what_others_wrote_as_text() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, check=True)
    lines = done.stderr.decode().split("\n")
    assert all(line.isprintable() for line in lines), ascii(done.stderr)
    assert not [line for line in lines if line.startswith("2026-11-28T00:00:00Z")]
    assert sum("RuntimeError: L-1" in line for line in lines) == 2


UNCAUGHT = """
import sys, threading
from lead_qualifier.settings import LogFormat
from lead_qualifier.services.logs import configure_logs

configure_logs(LogFormat(sys.argv[1]))
thread = threading.Thread(target=lambda: 1 / 0, name="a thread")
thread.start()
thread.join()
raise RuntimeError("gone \\x1b[2J")
"""


def test_what_nobody_caught_is_a_log_line_too() -> None:
    done = subprocess.run([sys.executable, "-c", UNCAUGHT, "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    of_thread, last = (json.loads(line) for line in done.stderr.splitlines())
    assert (of_thread["event"], of_thread["thread"]) == ("thread_failed", "a thread")
    assert (last["event"], last["level"], last["exit_code"]) == ("failed", "critical", 1)
    assert last["reason"] == "gone \x1b[2J"
    on_console = subprocess.run([sys.executable, "-c", UNCAUGHT, "console"], capture_output=True, check=False)
    assert b"\x1b[2J" not in on_console.stderr


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"KAFKA_BOOTSTRAP_SERVERS": "http://kafka:9092"}, 2, "without http://, such as kafka:9092"),
        ({"KAFKA_BOOTSTRAP_SERVERS": ""}, 3, "no broker"),
        (
            {
                "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
                "KAFKA_SECURITY_PROTOCOL": "SSL",
                "KAFKA_SSL_CA_FILE": "nothing.pem",
            },
            2,
            "KAFKA_SSL_CA_FILE: nothing.pem cannot be read",
        ),
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "LEAD_QUALIFIER_STARTUP_TIMEOUT": "0.5"}, 3, "waited 0.5 s"),
    ],
)
def test_the_last_line_of_a_failed_start_is_json_too(
    settings: dict[str, str], code: int, said: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lead_qualifier", "worker"],
        cwd=tmp_path,
        env=environment({**settings, "LEAD_QUALIFIER_LOG_FORMAT": "json"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    last = [json.loads(line) for line in done.stderr.splitlines()][-1]
    assert (last["event"], last["level"], last["exit_code"]) == ("failed", "critical", code)
    assert said in last["reason"]
    assert time.monotonic() - began < 30


UNWRITABLE = r"""
import structlog, sys
from lead_qualifier.settings import LogFormat
from lead_qualifier.services.logs import configure_logs

configure_logs(LogFormat.JSON)
circle = []
circle.append(circle)
structlog.get_logger("a").error("no_file", path="ca-\udcfc.pem", offset=7, places=("\udcfc",), circle=circle)
raise OSError("ca-\udcfc.pem")
"""


def test_a_line_that_json_cannot_hold_is_told_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", UNWRITABLE], capture_output=True, text=True, check=False)
    first, last = (json.loads(line) for line in done.stderr.splitlines())
    assert (first["path"], first["offset"], first["places"]) == (r"ca-\udcfc.pem", 7, r"('\udcfc',)")
    assert (last["event"], last["reason"], last["exit_code"]) == ("failed", r"ca-\udcfc.pem", 1)
