"""The program: all commands in one, and every failure told in one message with its exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
import typer
from typer.core import TyperGroup

from lead_qualifier import __version__
from lead_qualifier.cli.acls import acls
from lead_qualifier.cli.assignment import assignment
from lead_qualifier.cli.dead_letters import dead_letters
from lead_qualifier.cli.definitions import definition_commands
from lead_qualifier.cli.demo import demo
from lead_qualifier.cli.downstream import downstream
from lead_qualifier.cli.exit_codes import EXPECTED, judge, told
from lead_qualifier.cli.feature import feature
from lead_qualifier.cli.feed import feed
from lead_qualifier.cli.lead import lead
from lead_qualifier.cli.model import model
from lead_qualifier.cli.rebuild import rebuild
from lead_qualifier.cli.repartition import repartition
from lead_qualifier.cli.scoring_model import scoring_model
from lead_qualifier.cli.screen import fail, say
from lead_qualifier.cli.topics import topics
from lead_qualifier.cli.worker import worker
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.messages.printable import printable
from lead_qualifier.sequences.kind import KIND as SEQUENCE
from lead_qualifier.services.logs import logs_json

NAME = "lead-qualifier"

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
    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _printable_usage():
            return super().make_context(*arguments, **options)

    def invoke(self, *arguments: Any, **options: Any) -> Any:
        with _printable_usage():
            return super().invoke(*arguments, **options)


program = typer.Typer(
    name=NAME,
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Live lead scores in, qualified leads out, exactly once.",
    epilog="Exit codes: 0 done, 1 refused, 2 usage, 3 broker unreachable, 4 no answer, 70 a worker or service "
    "could not go on. Settings come from the environment or .env: docs/reference/configuration.md.",
)
program.command()(demo)
program.command()(worker)
program.add_typer(downstream, name="downstream")
program.add_typer(assignment, name="assignment")
program.add_typer(
    definition_commands(JOURNEY, plural="journeys", help_text="Define which leads enter which journeys."),
    name="journey",
)
program.add_typer(
    definition_commands(SEQUENCE, plural="sequences", help_text="Define the steps that sales takes with leads."),
    name="sequence",
)
program.add_typer(
    definition_commands(FOLLOW_UP, plural="follow-ups", help_text="Define in which time sales acts on leads."),
    name="follow-up",
)
program.add_typer(topics, name="topics")
program.add_typer(feature, name="feature")
program.add_typer(scoring_model, name="scoring-model")
program.add_typer(model, name="model")
program.add_typer(lead, name="lead")
program.add_typer(dead_letters, name="dead-letters")
program.add_typer(acls, name="acls")
program.command()(feed)
program.command()(repartition)
program.command()(rebuild)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"{NAME} {__version__}")
        raise typer.Exit


@program.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    try:
        program(prog_name=NAME)
    except EXPECTED as failure:
        message, code = judge(failure)
        if logs_json():
            structlog.get_logger(__name__).critical("failed", reason=message, exit_code=int(code))
        else:
            fail(*told(failure, message))
        sys.exit(code)
