"""`python -m lead_qualifier.console.read_model.preview_process`: one preview, so that pages stay as fast as ever.

It reads a PreviewOrder as a line of JSON, and writes lines of JSON: PreviewProgress, and the result or a failure.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import IO, Any

import msgspec

from lead_qualifier.client.errors import ClientError
from lead_qualifier.client.preview_json import preview_as_json
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_preview import preview_leads
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.rules import UnknownLeads

#: Behind workers and pages that need the same processors.
_NICE = 10


class PreviewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be previewed: a definition as people write it. `time_tolerance`: in seconds."""

    url: str
    definition: dict[str, Any]
    unknown_leads: UnknownLeads
    near: float
    sample: int
    what_if: dict[str, list[float]]
    time_tolerance: float


class PreviewProgress(msgspec.Struct, frozen=True, tag="progress"):
    """How many leads were read, and about how many there are."""

    read: int
    total: int


class PreviewResult(msgspec.Struct, frozen=True, tag="result"):
    """The whole preview, as `model preview --json` has it."""

    result: dict[str, Any]


class PreviewFailure(msgspec.Struct, frozen=True, tag="failure"):
    """It cannot be done. `text`: what to do about it; empty where only the kind of the error is known."""

    error: str
    text: str = ""


PreviewLine = PreviewProgress | PreviewResult | PreviewFailure


def run(order: PreviewOrder, out: IO[bytes]) -> None:
    """Write lines about one preview."""

    def write(line: PreviewLine) -> None:
        out.write(msgspec.json.encode(line) + b"\n")
        out.flush()

    try:
        database = Database(order.url)
        rules = RulesReader(database, unknown_leads=order.unknown_leads).rulebook().rules
        previewed = preview_leads(
            database,
            model_of(order.definition),
            rules,
            near=order.near,
            sample=order.sample,
            what_if=order.what_if,
            time_tolerance=timedelta(seconds=order.time_tolerance),
            progress=lambda read, total: write(PreviewProgress(read, total)),
        )
        write(PreviewResult(preview_as_json(previewed)))
    except ClientError as error:
        write(PreviewFailure(type(error).__name__, str(error)))
    except BrokenPipeError:
        return  # nobody waits for it any more
    except Exception as error:  # noqa: BLE001  in its own words there may be values: personal data
        write(PreviewFailure(type(error).__name__))


if __name__ == "__main__":
    os.nice(_NICE)
    run(msgspec.json.decode(sys.stdin.buffer.readline(), type=PreviewOrder), sys.stdout.buffer)
