"""A command imports what it needs, and no more: people and scripts wait for it each time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from lead_qualifier.cli.program import COMMANDS, assemble

#: What only a process that runs on needs.
WORKER = {"aiohttp", "faust", "mode"}
_CALL = """\
import sys
from lead_qualifier.cli import main
sys.argv = ["lead-qualifier", *{arguments!r}]
try:
    main()
except SystemExit as end:
    print(*sys.modules)
    sys.exit(end.code)
"""


def imported(*arguments: str) -> set[str]:
    """The packages that a call has imported by its end."""
    done = subprocess.run(
        [sys.executable, "-c", _CALL.format(arguments=arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {module.partition(".")[0] for module in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (
            ["--version"],
            {"aiohttp", "aiokafka", "confluent_kafka", "faust", "mode", "msgspec", "pydantic", "structlog"},
        ),
        (["topics", "--help"], {"aiohttp", "faust", "mode"}),
        (["model", "--help"], {"aiohttp", "faust", "mode"}),
        (["lead", "show", "--help"], {"aiohttp", "faust", "mode"}),
        (["worker", "--help"], {"aiohttp", "faust", "mode"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_call_imports_no_more_than_it_needs(arguments: Sequence[str], spared: set[str]) -> None:
    assert imported(*arguments) & spared == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_alone_is_the_program_with_one_command(name: str) -> None:
    alone = assemble((name,))
    assert len(alone.registered_commands) + len(alone.registered_groups) == 1
