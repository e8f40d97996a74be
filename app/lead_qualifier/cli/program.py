"""The program: all commands in one, and every failure told in one message with its exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from lead_qualifier import __version__
from lead_qualifier.wording.printable import printable

NAME = "lead-qualifier"

#: The commands in the order in which help lists them, each with its module in this package and its name there. A
#: module is imported when its command is called: together they take longer than most commands.
COMMANDS = {
    "demo": ("demo", "demo"),
    "worker": ("worker", "worker"),
    "console": ("console", "console"),
    "feed": ("feed", "feed"),
    "import": ("import_leads", "import_leads"),
    "repartition": ("repartition", "repartition"),
    "rebuild": ("rebuild", "rebuild"),
    "downstream": ("downstream", "downstream"),
    "assignment": ("assignment", "assignment"),
    "journey": ("definition_kinds", "journey"),
    "sequence": ("definition_kinds", "sequence"),
    "follow-up": ("definition_kinds", "follow_up"),
    "topics": ("topics", "topics"),
    "feature": ("feature", "feature"),
    "scoring-model": ("scoring_model", "scoring_model"),
    "model": ("model", "model"),
    "lead": ("lead", "lead"),
    "dead-letters": ("dead_letters", "dead_letters"),
    "acls": ("acls", "acls"),
}

_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # Typer names it in no place that stays


@contextmanager
def _printable_usage() -> Iterator[None]:
    """What Typer says of wrong arguments repeats them."""
    try:
        yield
    except _USAGE_ERROR as error:
        error.message = printable(error.message)  # type: ignore[attr-defined]  # of the class that has no name
        raise


class _Program(TyperGroup):
    @override
    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _printable_usage():
            return super().make_context(*arguments, **options)

    @override
    def invoke(self, *arguments: Any, **options: Any) -> Any:
        with _printable_usage():
            return super().invoke(*arguments, **options)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def assemble(names: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """The program with these of its commands, by default all."""
    program = typer.Typer(
        name=NAME,
        cls=_Program,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: Typer's own shows flags as <bool> and keeps the line breaks of the source
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help="Live lead scores in, qualified leads out, exactly once.",
        epilog="Exit codes: 0 done, 1 refused, 2 usage, 3 broker unreachable, 4 no answer, 70 a worker or service "
        "gave up. Settings come from the environment or .env: docs/reference/configuration.md.",
    )
    program.callback()(_options)
    for name in names:
        module, attribute = COMMANDS[name]
        found = getattr(importlib.import_module(f"lead_qualifier.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            program.add_typer(found, name=name)
        else:
            program.command(name)(found)
    return program


#: ExitCode.INTERRUPTED, without importing the whole program.
_INTERRUPTED = 130


def run() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        _named(first)(prog_name=NAME)
    except KeyboardInterrupt:  # while the command is being imported; later it ends by itself
        sys.exit(_INTERRUPTED)
    except Exception as failure:  # what is not expected is raised again
        # Imported only when something fails: it imports the whole program, to know its failures.
        import structlog  # noqa: PLC0415

        from lead_qualifier.cli.exit_codes import EXPECTED, judge  # noqa: PLC0415
        from lead_qualifier.cli.screen import fail  # noqa: PLC0415
        from lead_qualifier.services.logs import logs_json  # noqa: PLC0415

        if not isinstance(failure, EXPECTED):
            raise
        message, code = judge(failure)
        if logs_json():
            structlog.get_logger(__name__).critical("failed", reason=message, exit_code=int(code))
        else:
            fail(*getattr(failure, "lines", (message,)))  # few failures have lines of their own
        sys.exit(code)


def _named(first: str) -> typer.Typer:
    """The program with as little as the first argument asks for; all of it for help, and for what is misspelt."""
    if first == "--version":
        return assemble(())
    return assemble((first,)) if first in COMMANDS else assemble()
