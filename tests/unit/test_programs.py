"""Programs that tests start run as if each had a Python of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import program


def test_a_copy_says_and_ends_as_the_program_itself(tmp_path: Path) -> None:
    for arguments in (["--version"], ["model", "nonsense"]):
        itself = subprocess.run(
            [sys.executable, "-m", "lead_qualifier", *arguments], capture_output=True, check=False, timeout=60
        )
        copy = program.run(["lead_qualifier", *arguments], environment=os.environ, folder=tmp_path)
        assert copy == (itself.returncode, itself.stdout, itself.stderr)


def test_standard_input_and_the_working_directory_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "given.json").write_text('{"a":1}')
    as_file = program.run(["json.tool", "given.json"], environment=os.environ, folder=tmp_path)
    as_input = program.run(["json.tool"], environment=os.environ, folder=tmp_path, stdin=b'{"a":1}')
    assert as_file == as_input == (0, b'{\n    "a": 1\n}\n', b"")


def test_one_that_is_killed_has_ended_by_the_signal() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as never, os.fdopen(writing, "wb"):
        waiting = program.start(["json.tool"], environment=os.environ, stdin=never)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.2)
        assert waiting.poll() is None
        waiting.kill()
        assert waiting.wait(10) == waiting.returncode == -signal.SIGKILL


def test_waits_of_the_product_can_still_be_shortened(tmp_path: Path) -> None:
    code, _, errors = program.run(["lead_qualifier", "--version"], environment=os.environ, folder=tmp_path, session=2.0)
    assert (code, errors) == (0, b"")
