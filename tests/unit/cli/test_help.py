"""Help: every command, every argument and every option says what it is for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args

import pytest
import typer
from typer.testing import CliRunner

from lead_qualifier.cli.program import assemble
from lead_qualifier.services.topology import DOWNSTREAM
from tools.cli_reference import commands

PROGRAM = assemble()
COMMANDS = list(commands(PROGRAM))
CONTRACT = {
    "demo",
    "worker",
    "console",
    "topics create",
    "topics check",
    "topics manifest",
    "topics repair",
    "feature enable",
    "feature disable",
    "scoring-model set",
    "model apply",
    "model preview",
    "model report",
    "model list",
    "model show",
    "model publish",
    "model stop",
    "model delete",
    "model shadow",
    "model history",
    "model diff",
    "lead show",
    "dead-letters list",
    "dead-letters replay",
    "acls print",
    "feed",
    "import",
    "rebuild",
    "repartition",
    *(f"downstream {service}" for service in (*DOWNSTREAM, "all", "webhook", "dataverse")),
    *(
        f"{kind} {command}"
        for kind in ("journey", "assignment", "sequence", "follow-up")
        for command in ("apply", "list", "show", "history", "publish", "stop", "delete")
    ),
    "assignment explain",
}
READERS = {
    "topics check",
    "model list",
    "model preview",
    "model report",
    "model show",
    "model history",
    "model diff",
    "lead show",
    "assignment explain",
    "dead-letters list",
    "acls print",
}


def test_the_commands_are_those_of_the_contract() -> None:
    assert {" ".join(path) for path, _ in COMMANDS} == CONTRACT


@pytest.mark.parametrize(("path", "function"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_commands_and_their_options_say_what_they_are_for(path: tuple[str, ...], function: Callable[..., Any]) -> None:
    assert function.__doc__
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        _, info = get_args(parameter.annotation)
        assert info.help, parameter.name
    shown = CliRunner().invoke(PROGRAM, [*path, "--help"])
    assert shown.exit_code == 0
    assert function.__doc__.split(maxsplit=1)[0] in shown.output


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_can_print_json(name: str) -> None:
    function = {" ".join(path): function for path, function in COMMANDS}[name]
    assert "as_json" in inspect.signature(function).parameters


def test_every_group_says_what_it_is_for() -> None:
    for group in PROGRAM.registered_groups:
        assert isinstance(group.typer_instance, typer.Typer)
        assert group.typer_instance.info.help


@pytest.mark.parametrize("group", ["", *sorted({path[0] for path, _ in COMMANDS if len(path) > 1})])
def test_a_list_of_commands_fits_a_narrow_terminal(group: str) -> None:
    _, found, listed = (
        CliRunner().invoke(PROGRAM, [*group.split(), "--help"], terminal_width=80).output.partition("Commands:")
    )
    assert found
    assert "..." not in listed


def test_a_flag_takes_no_value() -> None:
    shown = CliRunner().invoke(PROGRAM, ["model", "show", "--help"]).output
    assert "bool" not in shown


@pytest.mark.parametrize("arguments", [["nonsense"], ["model"], ["model", "stop"], ["worker", "--web-port", "x"]])
def test_a_wrong_call_is_a_matter_of_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(PROGRAM, arguments).exit_code == 2


def test_the_version_is_printed() -> None:
    shown = CliRunner().invoke(PROGRAM, ["--version"])
    assert shown.exit_code == 0
