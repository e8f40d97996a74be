"""The published JSON schemas, applied to what was really written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import jsonschema

from tests.oracle.reading import Input
from tests.support.program import ROOT


def breaches(records: Iterable[Input]) -> list[str]:
    """Every record that does not follow its schema; a dead letter's headers have one."""
    wrong = []
    for record in records:
        if record.topic.endswith("-dead-letters"):
            value: Any = {name: (content or b"").decode() for name, content in record.headers if name.startswith("dl_")}
            schema = f"{record.topic}.headers"
        elif record.value is not None and not _is_position(record):
            value, schema = json.loads(record.value), record.topic
        else:
            continue
        wrong += [f"{schema}: {error.json_path} {error.message}" for error in _validator(schema).iter_errors(value)]
    return wrong


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def _is_position(record: Input) -> bool:
    """The worker's own note among the leads: "a key that is not UTF-8 is no lead"."""
    try:
        (record.key or b"").decode()
    except UnicodeDecodeError:
        return True
    return False
