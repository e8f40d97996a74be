"""Writes docs/reference/cli.md from the commands: `python -m tools.cli_reference` (`make docs`)."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, get_args

import typer
from typer.models import ArgumentInfo

from lead_qualifier.cli.exit_codes import MEANINGS
from lead_qualifier.cli.program import NAME, assemble

_HEAD = f"""\
# Command line

<!-- Written by `make docs` from app/lead_qualifier/cli: change it there. -->

After `make run` or `make test` the program is `.venv/bin/{NAME}`; `python -m lead_qualifier` is the same. Settings
come from the environment or a `.env` file ([configuration](configuration.md)). Without `KAFKA_BOOTSTRAP_SERVERS`,
commands use the broker of the demo that runs in the same folder. Results go to standard output, everything else to
standard error.
"""


def document() -> str:
    """The page, in Markdown."""
    codes = ["## Exit codes\n", "| code | meaning |", "| --- | --- |"]
    codes += [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    sections = (line for path, function in commands(assemble()) for line in _section(path, function))
    return "\n".join([_HEAD, *codes, "", *sections])


def commands(group: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Callable[..., Any]]]:
    """Every command and the words that call it, in the order of the help."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield (*path, command.name or command.callback.__name__), command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, (*path, str(inner.name)))


def _section(path: tuple[str, ...], function: Callable[..., Any]) -> Iterator[str]:
    parameters = [_Parameter(one) for one in inspect.signature(function, eval_str=True).parameters.values()]
    arguments = [one for one in parameters if one.is_argument]
    options = [one for one in parameters if not one.is_argument]
    words = [NAME, *path, *(one.shown for one in arguments), *(["[OPTIONS]"] if options else [])]
    yield f"## {' '.join(path)}\n"
    yield f"```\n{' '.join(words)}\n```\n"
    yield inspect.cleandoc(function.__doc__ or "")
    yield ""
    if parameters:
        yield "| argument or option | meaning |"
        yield "| --- | --- |"
        for one in (*arguments, *options):
            shown = one.shown.replace("|", "\\|")
            yield f"| `{shown}` | {one.meaning} |"
        yield ""


class _Parameter:
    """An argument or option of a command."""

    def __init__(self, parameter: inspect.Parameter) -> None:
        self._kind, self._info = get_args(parameter.annotation)
        self._name = parameter.name
        self._default = parameter.default
        self.is_argument = isinstance(self._info, ArgumentInfo)

    @property
    def shown(self) -> str:
        """The parameter as people type it."""
        if self.is_argument:
            name = str(self._info.metavar or self._name.upper())
            return name if self._default is inspect.Parameter.empty else f"[{name}]..."  # the optional one is a list
        # Typer stores the first name as the default: without Annotated, that is where the default would be.
        names = [name for name in (self._info.default, *(self._info.param_decls or ())) if isinstance(name, str)]
        names = names or [f"--{self._name.replace('_', '-')}"]
        return " ".join([", ".join(names), *([] if self._kind is bool else [self._value()])])

    @property
    def meaning(self) -> str:
        """The help text, and whether it is required, its default and its environment variable."""
        parts = [self._info.help]
        if not self.is_argument:
            if self._default is inspect.Parameter.empty:
                parts.append("Required.")
            elif self._kind is not bool and self._default is not None:
                shown = f"{self._default:g}" if isinstance(self._default, float) else self._default
                parts.append(f"Default: {shown}.")
            if self._info.envvar:
                parts.append(f"Environment: `{self._info.envvar}`.")
        return " ".join(parts)

    def _value(self) -> str:
        if isinstance(self._kind, type) and issubclass(self._kind, Enum):
            return "|".join(member.value for member in self._kind)
        return str(self._info.metavar or "TEXT")


if __name__ == "__main__":
    sys.stdout.write(document())
