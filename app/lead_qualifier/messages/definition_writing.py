"""Writes definitions as files that people edit and apply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import yaml

from lead_qualifier.messages.definition_file import FRACTION


def model_lines(definition: Mapping[str, Any]) -> list[str]:
    """A qualification model in YAML; each threshold, and each list of grades, is one line."""
    return yaml_lines(definition, flow=None)


class _Dumper(yaml.SafeDumper):
    """Writes a text that does not print in double quotes, where YAML has escapes for it."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_implicit_resolver(*FRACTION)  # so that a text that looks like one is quoted


def yaml_lines(content: Mapping[str, Any], *, width: float = math.inf, flow: bool | None = False) -> list[str]:
    """A definition as a file to edit and apply, in lines that print; it is read back as it was.

    `flow` None: fields and lists that hold no others take one line.
    """
    for unicode in (True, False):
        text = yaml.dump(
            dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=unicode, width=width, default_flow_style=flow
        )
        lines: list[str] = text.rstrip("\n").split("\n")
        if all(line.isprintable() for line in lines):
            break
    return lines
