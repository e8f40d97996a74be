"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
