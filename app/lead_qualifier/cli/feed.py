"""`feed`: scores from a file into the stream."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer
from rich.filesize import decimal

from lead_qualifier.cli.exit_codes import ExitCode, Refused
from lead_qualifier.cli.screen import note, progress, say
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.compressed_files import compression_fault
from lead_qualifier.client.score_feed import ScoreFeed
from lead_qualifier.messages.reasons import wide_encoding

_SHOWN_BYTES = 64 * 1024


def feed(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="One JSON object per line; - is standard input.", show_default=False)
    ],
) -> None:
    """Send scores from a file of JSON lines.

    They go to lead-score-changed in the order of the lines. Each line is a message as described by
    schemas/lead-score-changed.schema.json; its lead_id becomes the record's key. Invalid lines are reported by number
    and not sent, and the exit code is then 1.
    """
    with _opened(file) as (lines, size):
        session = open_session()

        def invalid(line: int, reason: str) -> None:
            note(f"{file}:{line}: {reason}")

        scores = ScoreFeed(session.connection, topic_prefix=session.prefix, invalid=invalid)
        with _progress(size) as moved:
            fed = scores.feed(lines, moved)
    say(f"{fed.sent:,} sent" + (f", {fed.invalid:,} invalid" if fed.invalid else ""))
    if fed.invalid:
        raise typer.Exit(ExitCode.REFUSED)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int | None]]:
    """The lines, and their size in bytes where it is known."""
    if str(file) == "-":
        yield _in_utf_8(sys.stdin.buffer, "standard input"), None
        return
    try:
        lines = file.open("rb")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from error
    with lines:
        yield _in_utf_8(lines, str(file)), file.stat().st_size


def _in_utf_8(lines: BinaryIO, name: str) -> BinaryIO:
    """The lines, without a byte order mark. Raises Refused where none of them could be read."""
    beginning = cast("BufferedReader", lines).peek(8)[:8]
    if beginning.startswith(codecs.BOM_UTF8):
        lines.read(len(codecs.BOM_UTF8))
    elif (encoding := wide_encoding(beginning)) is not None:
        raise Refused(f"{name} is in {encoding}: save it as UTF-8")
    elif (fault := compression_fault(beginning, "feed")) is not None:
        raise Refused(f"{name} {fault}")
    return lines


@contextmanager
def _progress(size: int | None) -> Iterator[Callable[[int], None]]:
    """Takes the bytes of each line, and shows how many were read."""
    read = shown = 0
    of = "" if size is None else f" of {decimal(size)}"
    with progress("feeding") as show:

        def moved(bytes_read: int) -> None:
            nonlocal read, shown
            read += bytes_read
            if read >= shown + _SHOWN_BYTES:  # showing each line costs more than sending it
                show(f"feeding: {decimal(read)}{of}")
                shown = read

        yield moved
