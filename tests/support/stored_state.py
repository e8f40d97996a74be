"""What earlier versions have stored, frozen in tests/fixtures: never edit these files, add a folder for each format."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures"
CHECKPOINT_KEY = b"\xffposition"
PREFIX, APPLICATION = "old.", "workers"
"""As they stand in the positions of the fixtures."""


@dataclass(frozen=True)
class Stored:
    """A record of a changelog."""

    partition: int
    key: bytes
    value: bytes | None

    def json(self) -> Any:
        return json.loads(self.value or b"null")


def stored(form: str, topic: str, *, prefix: str = PREFIX, application: str = APPLICATION) -> list[Stored]:
    """A changelog in the order in which it was written; its positions name this prefix and application."""
    records = []
    for row in json.loads((FIXTURES / form / f"{topic}.json").read_text()):
        key = row["key"].encode() if "key" in row else base64.b64decode(row["key_base64"])
        value = None if row["value"] is None else row["value"].encode()
        if key == CHECKPOINT_KEY and value is not None:
            position = json.loads(value)
            position["application"] = application
            position["next"] = {prefix + name.removeprefix(PREFIX): at for name, at in position["next"].items()}
            value = json.dumps(position).encode()
        records.append(Stored(row["partition"], key, value))
    return records


def newest(records: list[Stored]) -> dict[tuple[int, bytes], Stored]:
    """The newest record of each key in each partition, tombstones left out."""
    found = {(record.partition, record.key): record for record in records}
    return {place: record for place, record in found.items() if record.value is not None}
