"""Where the command line writes: results to standard output, everything else to standard error.

Whatever a command shows leaves through here, and here alone it is made printable: ids, names and reasons come from
others.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from lead_qualifier.qualification.utc import within_years
from lead_qualifier.wording.printable import printable

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
_REPORT_SECONDS = 5.0


def _shown(line: str) -> Text:
    """One line as it stands: what looks like markup or an emoji's name in it is neither."""
    return Text(printable(line))


def say(line: str) -> None:
    """One line of the result."""
    out.print(_shown(line))


def note(line: str) -> None:
    """One line next to the result, on standard error."""
    err.print(_shown(line))


def warn(line: str) -> None:
    """A warning: the command goes on."""
    err.print("warning:", style="yellow", end=" ")
    err.print(_shown(line))


def fail(*lines: str) -> None:
    """An error: the command does not go on."""
    err.print("error:", style="bold red", end=" ")
    for line in lines:
        err.print(_shown(line))


def agreed(question: str, *, err: bool = False) -> bool:
    """Ask the person at the terminal, with `err` on standard error. Raises typer.Abort if nobody answers."""
    return typer.confirm(printable(question), err=err)


def moment(at: datetime) -> str:
    """A time for people, in UTC."""
    return f"{within_years(at).replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def columns(titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = ()) -> None:
    """A table with one line for each row, also for other programs to read. `right`: titles of numbers."""
    table = [tuple(titles), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (
            cell.rjust(width) if title in right else cell.ljust(width)
            for cell, width, title in zip(row, widths, titles, strict=True)
        )
        say("  ".join(cells).rstrip())


def show_json(content: Any) -> None:
    """The result for programs: JSON with absent fields, never null, as on the topics.

    Nothing is lost: a character that does not print is escaped as JSON does it, and read back as it was.
    """
    lines = msgspec.json.format(msgspec.json.encode(content), indent=2).decode().split("\n")
    encoded = "\n".join(line if line.isprintable() else _escaped(line) for line in lines)
    sys.stdout.buffer.write(encoded.encode() + b"\n")
    sys.stdout.buffer.flush()


def _escaped(line: str) -> str:
    """A line of JSON. Characters that do not print stand only in its texts."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show on a terminal that something takes time."""
    with progress(text):
        yield


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Shows the lines that it is given: on a terminal the newest one, else one every few seconds."""
    if err.is_terminal:
        with err.status(_shown(text)) as status:
            yield lambda line: status.update(_shown(line))
        return
    last = time.monotonic()

    def show(line: str) -> None:
        nonlocal last
        if time.monotonic() > last + _REPORT_SECONDS:
            last = time.monotonic()
            note(line)

    yield show
