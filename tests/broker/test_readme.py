"""Every command in the README and the tutorial runs as it is written there, and says what they show."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import yaml

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.messages.model_reading import parse_model
from tests.support.command_line import CommandLine, environment
from tests.support.container import need_engine
from tests.support.program import ROOT

README = (ROOT / "README.md").read_text()
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
MODELS = (ROOT / "docs" / "how-to" / "models.md").read_text()
#: What differs from run to run, in the order in which it is looked for.
_VARYING = (
    (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[0-9a-f-]{36}"),
    (r"lead-score-changed", r"\S*lead-score-changed"),
    (r"[A-Z]-\d+", r"[A-Z]-\d+"),
    (r"\d[\d,.]*%?", r"\d[\d,.]*%?"),
    (r" by  ?anna", r" by\s+\S+"),
    (r"anna", r"\S+"),
    (r" {2,}", r"\s+"),
    (r" ", r"\s+"),
)
#: Commands whose output depends on what has happened by then: only so many lines, and of the first two only up to the
#: colon, are as shown.
_OF_THE_MOMENT = {"lead show": 0, "assignment explain": 0, "model preview": 2, "dead-letters list": 1}


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the lines that follow it."""

    text: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        return any(line.startswith("error: ") for line in self.shown)


def blocks(language: str, section: str | None = None, *, page: str = README) -> list[str]:
    text = page if section is None else re.split(r"^## ", page.split(f"\n## {section}\n", 1)[1], flags=re.MULTILINE)[0]
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.rstrip().endswith("|")


def commands(block: str) -> Iterator[Command]:
    lines = block.splitlines()
    while lines:
        command = lines.pop(0).removeprefix("$ ")
        while not _is_whole(command):
            command += "\n" + lines.pop(0)
        shown = []
        while lines and not lines[0].startswith("$ "):
            shown.append(lines.pop(0))
        yield Command(command, tuple(shown))


_TOUR = [
    command
    for block in (*blocks("console", "Try it"), *blocks("console", page=TUTORIAL))
    for command in commands(block)
]
"""What a reader types after `make run`, in that order."""


def pattern(line: str) -> re.Pattern[str]:
    """A line as it looks in any run."""
    rest, found = line.strip(), ""
    while rest:
        hits = [
            (m.start(), number, m) for number, (varying, _) in enumerate(_VARYING) if (m := re.search(varying, rest))
        ]
        if not hits:
            break
        at, number, match = min(hits, key=lambda hit: hit[:2])
        found += re.escape(rest[:at]) + _VARYING[number][1]
        rest = rest[match.end() :]
    return re.compile(rf"\s*{found}{re.escape(rest)}\s*")


def check(command: Command, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == (1 if command.fails else 0), (command.text, done)
    got = (done.stdout + done.stderr).splitlines()
    shown = [line for line in command.shown if line.strip()]
    for words, count in _OF_THE_MOMENT.items():
        if words in command.text:
            shown = shown[:count] if count else [shown[0].split(":")[0]]
            got = got if count else [line.split(":")[0] for line in got[:1]]
    for line in shown:
        assert any(pattern(line).fullmatch(one) for one in got), (command.text, line, got)


def run(text: str, folder: Path, env: dict[str, str], seconds: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", text], cwd=folder, env=env, capture_output=True, text=True, timeout=seconds, check=False
    )


def test_every_block_is_run_by_a_test_of_this_file() -> None:
    """A console block in a section that no test below knows would go unseen."""
    known = {"Try it", "What goes in, what comes out", "Running it for real"}
    assert sum(len(blocks("console", section)) for section in known) == len(blocks("console"))
    assert len(blocks("yaml", "Define a model")) == len(blocks("yaml"))


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    made = [command for command in _TOUR if command.text.startswith("make ")]
    assert len(made) == 3
    for command in made:
        make, target = command.text.split("#")[0].split()
        assert (make, target in targets) == ("make", True)


@pytest.mark.parametrize("block", [*blocks("yaml", "Define a model"), *blocks("yaml", page=MODELS)])
def test_its_models_are_models(block: str) -> None:
    parse_model(block, "README.md")
    assert yaml.safe_load(block)["criteria"]


@pytest.mark.broker
def test_the_tour_says_what_the_readme_and_the_tutorial_show(kafka: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    program = folder / ".venv" / "bin" / "lead-qualifier"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m lead_qualifier "$@"\n')
    program.chmod(0o755)
    (folder / "app").symlink_to(ROOT / "app")
    env = environment(
        {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "LEAD_QUALIFIER_TOPIC_PREFIX": f"tour{uuid.uuid4().hex[:8]}.",
            "LEAD_QUALIFIER_APPLICATION_ID": f"tour-{uuid.uuid4().hex[:8]}",
            "LEAD_QUALIFIER_DATA_DIR": str(tmp_path / "data"),
            "LEAD_QUALIFIER_WEB_PORT": "0",
            "LEAD_QUALIFIER_PARTITIONS": "2",
            "DEMO_RATE": "100",  # beside it, each command starts a program of its own
            "PYTHONUNBUFFERED": "1",
        }
    )
    log = tmp_path / "demo.log"
    with (
        log.open("wb") as out,
        subprocess.Popen([program, "demo"], cwd=folder, env=env, stdout=out, stderr=out) as demo,
    ):
        try:
            _until(lambda: demo.poll() is not None or re.search(r"assigned [1-9]", log.read_text()))
            assert demo.poll() is None, log.read_text()
            for command in _TOUR:
                if "assignment explain" in command.text:
                    _until(partial(_explains, command, log, folder, env))
                elif not command.text.startswith("make "):
                    check(command, run(command.text, folder, env))
        finally:
            demo.terminate()
            demo.wait(60)


@pytest.mark.broker
def test_a_score_goes_in_and_a_qualified_lead_comes_out_by_kcat(kafka: Broker, tmp_path: Path) -> None:
    line = CommandLine(kafka.bootstrap_servers, tmp_path)
    try:
        line.run("topics", "create").fine()
        (block,) = blocks("console", "What goes in, what comes out")
        for command in commands(block):
            text = command.text.replace("localhost:9092", kafka.bootstrap_servers).replace("-t ", f"-t {line.prefix}")
            done = run(text.replace("kcat -C", "kcat -e -C"), tmp_path, dict(os.environ))
            assert done.returncode == 0, done
    finally:
        line.close()


def _explains(command: Command, log: Path, folder: Path, env: dict[str, str]) -> bool:
    """Try it with a lead that the demo shows, as a reader would: one may be closed again, or not be assigned yet."""
    lead = re.findall(r"^qualified (L-\d+) by", log.read_text(), re.MULTILINE)[-1]
    done = run(re.sub(r"L-\d+", lead, command.text), folder, env)
    if done.returncode:
        print(done.stdout, done.stderr)  # shown if the test fails
        return False
    check(command, done)
    return True


def _until(holds: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _compose() -> str:
    """How compose is called here, or a skip."""
    need_engine()
    for compose in ("docker compose", "docker-compose"):
        with contextlib.suppress(OSError):
            if subprocess.run([*compose.split(), "version"], capture_output=True, check=False).returncode == 0:
                return compose
    pytest.skip("neither `docker compose` nor docker-compose is installed")


@pytest.mark.docker
@pytest.mark.timeout(900)
def test_the_containers_qualify_a_lead_by_the_commands_of_the_readme(tmp_path: Path) -> None:
    compose = _compose()
    kafka, web = free_ports(2)
    env = {
        **os.environ,
        "COMPOSE_PROJECT_NAME": f"readme{uuid.uuid4().hex[:8]}",
        "KAFKA_PORT": str(kafka),
        "LEAD_QUALIFIER_WEB_PORT": str(web),
    }

    def as_here(text: str) -> str:
        # without a terminal compose wants -T
        return re.sub(r"docker compose( exec)?( -T)?", lambda m: compose + (" exec -T" if m[1] else ""), text)

    try:
        for block in blocks("console", "Running it for real"):
            for command in commands(block):
                text = as_here(command.text)
                _until(partial(_succeeds, text, env, 600 if " up " in text else 120), 600)
        shown = run(as_here("docker compose exec worker lead-qualifier lead show L-1"), ROOT, env)
        assert "marketing_qualified" in shown.stdout
        assert "qualified by enterprise" in " ".join(shown.stdout.split()) or "already_qualified" in shown.stdout, shown
    finally:
        run(as_here("docker compose down --volumes"), ROOT, env)


def _succeeds(text: str, env: dict[str, str], seconds: float) -> bool:
    done = run(text, ROOT, env, seconds)
    print(text, done.returncode, done.stdout[-2000:], done.stderr[-2000:])  # shown if the test fails
    return done.returncode == 0
