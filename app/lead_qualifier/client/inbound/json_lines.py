"""The line of a JSON text in which a value begins, by its path."""

from __future__ import annotations

import json
from collections.abc import Sequence

_decode = json.JSONDecoder().raw_decode
_SPACE = " \t\n\r"


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line, from 1, of the value at the path, or of the nearest around it that is there.

    Steps that are numbers are those of arrays. A text that is not JSON is read as far as it is.
    """
    at = _skip(text, 0)
    try:
        for step in path:
            at = _step(text, at, step)
    except (ValueError, IndexError, KeyError, RecursionError):
        pass
    return text.count("\n", 0, at) + 1


def _step(text: str, at: int, step: str | int) -> int:
    """Where the value at one step begins. Raises ValueError, IndexError, KeyError."""
    if text[at] == "[" and isinstance(step, int):
        return _element(text, _skip(text, at + 1), step)
    if text[at] == "{" and isinstance(step, str):
        return _member(text, _skip(text, at + 1), step)
    raise KeyError(step)


def _element(text: str, at: int, number: int) -> int:
    for _ in range(number):
        at = _next(text, at)
    return at


def _member(text: str, at: int, name: str) -> int:
    while text[at] == '"':
        found, at = _decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # after the colon
        if found == name:
            return at
        at = _next(text, at)
    raise KeyError(name)


def _next(text: str, at: int) -> int:
    """Where that begins which follows the value at `at`."""
    _, at = _decode(text, at)
    at = _skip(text, at)
    if text[at] != ",":
        raise IndexError(at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
