"""Whatever schemathesis sends by the API's document, and against it, gets an answer that the document promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lead_qualifier.console.access.people import Role
from tests.support.console_server import WEBHOOK_KEY, ConsoleServer
from tests.support.console_sign_in import settings
from tests.support.examples import is_thorough
from tests.support.forging_provider import ForgingProvider
from tests.support.program import ROOT

CONFIG = Path(__file__).parent / "schemathesis.toml"
#: Its examples, and the bounds of each parameter and body: the same requests each time.
FAST = ("--phases", "examples,coverage", "--seed", "1")
#: Also random requests, and series of them.
THOROUGH = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "50")


@pytest.mark.timeout(1800)
def test_every_answer_is_one_that_the_document_promises(tmp_path: Path) -> None:
    provider = ForgingProvider()
    with ConsoleServer(tmp_path, settings=settings(provider)) as server:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"),
                *(f"{server.address}/api/v1/openapi.json", *(THOROUGH if is_thorough() else FAST)),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "CONSOLE_TOKEN": provider.access_token(roles=[*Role]),
                "CONSOLE_WEBHOOK_KEY": WEBHOOK_KEY,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    provider.stop()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    paths = json.loads((ROOT / "schemas" / "console.openapi.json").read_text())["paths"]
    assert f"Tested: {sum(map(len, paths.values())) - 1}" in ran.stdout.replace("  ", "")
