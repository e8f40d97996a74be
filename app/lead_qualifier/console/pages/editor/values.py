"""Values of a definition as people type them into fields, and back. What a field cannot hold is not put into one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lead_qualifier.messages.definition_file import parse_definition
from lead_qualifier.messages.definition_writing import yaml_lines
from lead_qualifier.messages.errors import BadDefinitionFile, Problem
from lead_qualifier.messages.fields import plain

YAML = "yaml"
"""The kind of what is shown as YAML."""
Fields = Mapping[str, str]
"""What a form sends: by the name of each field, what was typed."""


class UnreadableField(ValueError):
    """A field holds YAML that cannot be read; `problems` says why, each with its line."""

    def __init__(self, field: str, problems: Sequence[Problem]) -> None:
        self.field = field
        self.problems = tuple(problems)
        super().__init__(field)


_WHOLE = re.compile(r"-?[0-9]{1,300}")
_WITH_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
#: `1,000` and `1.000`: a thousand to some, one to others.
_AMBIGUOUS = re.compile(r"-?[1-9][0-9]{0,2}([.,][0-9]{3})+")
#: What is a number in a condition. YAML also takes `NO` for false, and ends a text at ` #`, which nobody means here.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?")
_QUOTED = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]*)\s*(?:,|$)""")


def text_of(value: object) -> str | None:
    """A text as it stands in a field of one line; None: it cannot stand there and be read back."""
    return value if isinstance(value, str) and value and value.isprintable() and value == value.strip() else None


def number_text(value: object) -> str | None:
    """A number as it stands in a field; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    text = repr(plain(value) if isinstance(value, float) else value)
    return f"{text}0" if _AMBIGUOUS.fullmatch(text) else text


def number_in(text: str) -> Any:
    """The number that was typed, also with a comma. What may mean two numbers, or none, stays a text, which is then
    found to be no number.
    """
    typed = text.strip()
    if _AMBIGUOUS.fullmatch(typed) or not typed.isascii() or "_" in typed:
        return typed
    if _WHOLE.fullmatch(typed):
        return int(typed)
    try:
        number = float(typed.replace(",", ".") if _WITH_COMMA.fullmatch(typed) else typed)
    except ValueError:
        return typed
    return number if math.isfinite(number) else typed


def scalar_text(value: object) -> str | None:
    """A text, number or truth value, as YAML writes it; None: it is none of these."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plainly = text_of(value)
        if plainly is not None and scalar_in(plainly) == value:
            return plainly
        lines = yaml_lines({"value": value})
        return lines[0].removeprefix("value: ") if len(lines) == 1 else None
    return number_text(value)


def scalar_in(text: str) -> Any:
    """What was typed: true or false, a number, or a text, which may be in quotes, as YAML has them."""
    typed = text.strip()
    if typed in {"true", "false"}:
        return typed == "true"
    if typed[:1] not in {'"', "'"} and not _NUMBER.fullmatch(typed):
        return typed
    try:
        value = parse_definition(f"value: {typed}", "field", _no_problems)["value"]
    except BadDefinitionFile:
        return typed
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else typed


def list_text(values: object) -> str | None:
    """Several of these, separated by commas; None: something else."""
    if not isinstance(values, list) or not values:
        return None
    texts = [scalar_text(one) for one in values]
    if None in texts:
        return None
    text = ", ".join(map(str, texts))
    return text if list_in(text) == values else None


def list_in(text: str) -> list[Any]:
    """The values that were typed, separated by commas. A text with commas of its own is in quotes."""
    return [scalar_in(one[1]) for one in _QUOTED.finditer(text) if one[1].strip()]


def yaml_text(value: Mapping[str, Any]) -> str:
    """A part of a definition as YAML."""
    return "\n".join(yaml_lines(value, flow=None)) if value else ""


def yaml_field(value: Mapping[str, Any], at: str) -> dict[str, str] | None:
    """A field that holds a part of a definition as YAML; None: YAML cannot stand for it alone."""
    return {f"{at}.kind": YAML, at: yaml_text(value)} if value else None


def yaml_in(text: str, at: str) -> Any:
    """The part of a definition that YAML describes. `at`: the field that it is in. Raises UnreadableField."""
    try:
        return parse_definition(text, at, _no_problems)
    except BadDefinitionFile as error:
        raise UnreadableField(at, error.problems) from error


def same(one: object, other: object) -> bool:
    """Are these parts of a definition the same? 70 is 70.0, but neither `70` nor true."""
    return _plainly(one) == _plainly(other)


def _plainly(value: object) -> str:
    def with_plain_numbers(one: object) -> object:
        if isinstance(one, float) and math.isfinite(one):
            return plain(one)
        if isinstance(one, Mapping):
            return {str(name): with_plain_numbers(part) for name, part in one.items()}
        return [with_plain_numbers(part) for part in one] if isinstance(one, list | tuple) else one

    return json.dumps(with_plain_numbers(value), sort_keys=True)


def _no_problems(_definition: object) -> Iterable[Any]:
    return ()
