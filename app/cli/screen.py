"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """A result, as it stands: ids may hold what looks like markup."""
    out.print(line, markup=False)


def note(line: str) -> None:
    """What is told beside the result."""
    err.print(line, markup=False)


def warn(line: str) -> None:
    """Something to know although it went on."""
    err.print("warning:", style="yellow", end=" ")
    err.print(line, markup=False)


def fail(line: str) -> None:
    """Why it did not go on."""
    err.print("error:", style="bold red", end=" ")
    err.print(line, markup=False)


def moment(at: datetime) -> str:
    """A time for people, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def columns(titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = ()) -> None:
    """A table that stays one line a row, also where it is read by another program. `right`: titles of numbers."""
    table = [tuple(titles), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (
            cell.rjust(width) if title in right else cell.ljust(width)
            for cell, width, title in zip(row, widths, titles, strict=True)
        )
        say("  ".join(cells).rstrip())


def show_json(content: Any) -> None:
    """The result for programs: JSON with absent fields, never null, as on the topics."""
    encoded = msgspec.json.format(msgspec.json.encode(content), indent=2)
    sys.stdout.buffer.write(encoded + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show that something takes its time, where somebody watches."""
    if err.is_terminal:
        with err.status(text):
            yield
    else:
        yield


@contextmanager
def progress(text: str, *, lines_every: float | None = None) -> Iterator[Callable[[str], None]]:
    """On a terminal one line that changes as it is told; else a line every so many seconds, if at all."""
    if err.is_terminal:
        with err.status(text) as status:
            yield status.update
        return
    last = time.monotonic()

    def told(line: str) -> None:
        nonlocal last
        if lines_every is not None and time.monotonic() > last + lines_every:
            last = time.monotonic()
            note(line)

    yield told
