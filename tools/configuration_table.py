"""Writes docs/reference/configuration.md from the settings: `python -m tools.configuration_table` (`make docs`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from lead_qualifier.messages.durations import duration_text
from lead_qualifier.settings import ConsoleSettings, Settings, variable_of
from tools.docstrings import below_fields

_HEAD = """\
# Configuration

<!-- Written by `make docs` from app/lead_qualifier/settings: change it there. -->

Settings come from the environment or from a `.env` file in the working directory. The environment takes precedence over
the file, and a command-line option over both. An unknown name with the prefix `LEAD_QUALIFIER_` causes a warning that
suggests the nearest setting. A setting that is missing or empty has its default.
"""
_KAFKA, _PROGRAM, _CONSOLE = "Connection to Kafka", "lead-qualifier", "The console"


def document() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *_tables()])


def _tables() -> Iterator[str]:
    meaning_of = below_fields(Settings)
    for part in (_KAFKA, _PROGRAM, _CONSOLE):
        yield f"## {part}\n\n| setting | values | default | meaning |\n| --- | --- | --- | --- |"
        for name, field in Settings.model_fields.items():
            if _part_of(name) == part:
                cells = (
                    f"`{variable_of(name)}`",
                    _values(field),
                    _default(field),
                    meaning_of[name],
                )
                yield "| " + " | ".join(cells) + " |"
        yield ""


def _part_of(name: str) -> str:
    if name in ConsoleSettings.model_fields:
        return _CONSOLE
    return _KAFKA if name.startswith("kafka_") else _PROGRAM


def _values(field: FieldInfo) -> str:
    kind = _without_none(field.annotation)
    if kind is bool:
        return "`true`, `false`"
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    named = {int: "whole number", float: "number", Path: "path", SecretStr: "secret", timedelta: "duration"}.get(
        kind, "text"
    )
    return named + _bounds(field)


def _bounds(field: FieldInfo) -> str:
    """The field's limits, such as ` from 1 to 1024`."""
    found = {name: getattr(rule, name) for rule in field.metadata for name in ("ge", "gt", "le") if hasattr(rule, name)}
    words = {"ge": "from", "gt": "above", "le": "to"}
    return "".join(f" {words[name]} {limit}" for name, limit in found.items())


def _default(field: FieldInfo) -> str:
    value = field.default.value if isinstance(field.default, Enum) else field.default
    if isinstance(value, timedelta):
        value = duration_text(value)
    if value is None or value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, UnionType}:
        return next(kind for kind in get_args(annotation) if kind is not NoneType)
    return annotation


if __name__ == "__main__":
    sys.stdout.write(document())
