"""A marketer's path by API alone, as the how-to shows it, with a real broker and a real worker."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.console_process import ConsoleProcess
from tests.support.installation import Installation
from tests.support.messages import score

pytestmark = [pytest.mark.broker, pytest.mark.docs]

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "console.md"
MODEL = """\
id: webinar
match: any
criteria:
- {scoring_model: engagement, threshold: 70}
actions: {status_reason: marketing_qualified, sales_ready: true}
"""


def shown_lines() -> list[str]:
    """The commands of the how-to."""
    [block] = re.findall(r"### The same by API\n.*?```console\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    return [line.removeprefix("$ ") for line in block.splitlines()]


def test_a_model_is_published_by_the_commands_of_the_how_to(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    one = install(issued_by="U-4 (Erika Beispiel)")
    one.start_worker().wait_ready()
    console = ConsoleProcess(one._environment, tmp_path)
    console.wait_up_to_date()
    [cookie] = console.client.cookies.jar
    jar = f"{cookie.domain}\tFALSE\t/\tFALSE\t0\t{cookie.name}\t{cookie.value}\n"
    (tmp_path / "session").write_text(f"# Netscape HTTP Cookie File\n{jar}")
    (tmp_path / "webinar.yaml").write_text(MODEL)
    address, *lines = shown_lines()
    begin = [address.replace("http://127.0.0.1:6070", str(console.client.base_url).rstrip("/")), *lines[:2]]
    stop = next(number for number, line in enumerate(lines) if line.endswith("/stop"))

    def run(*commands: str) -> list[str]:
        """What each writes."""
        script = "\n".join((*begin, *(f"{line}\nprintf '\\0'" for line in commands)))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"], "no_proxy": "*"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\0")[:-1]

    switched, announced, applied, published, file = run(*lines[2:stop])
    assert [json.loads(one)["code"] for one in (switched, applied, published)] == ["enabled", "applied", "published"]
    assert json.loads(announced)["maximum"] == 100
    assert "- {scoring_model: engagement, threshold: 70}" in file
    one.scores(score("L-1", "engagement", 83, 2), score("L-2", "engagement", 60, 2))
    one.settle()
    console.wait_up_to_date()
    assert console.lead("L-1")["marks"][0]["qualification_model_id"] == "webinar"
    assert console.lead("L-2")["marks"] == []
    stopped, history, audit = run(*lines[stop:])
    assert json.loads(stopped)["code"] == "stopped"
    [version] = json.loads(history)["versions"]
    assert (version["published_by"], version["ended"], version["ended_by"]) == (
        "U-4 (Erika Beispiel)",
        "stopped",
        "U-4 (Erika Beispiel)",
    )
    assert [(entry["command"], entry["issued_by"]) for entry in json.loads(audit)["entries"]] == [
        (command, "U-4 (Erika Beispiel)") for command in ("stop", "publish", "apply")
    ]
    assert console.terminate() == 0
