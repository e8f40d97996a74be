"""Writes a map as people do: with a comment where there is something to say about a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_ÄÖÜäöü][\w()/-]*(?: [\w()/-]+)*")
_WORDS_OF_YAML = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.casefold() not in _WORDS_OF_YAML
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def lines_of(
    form: Mapping[str, Any], comments: Mapping[tuple[str, ...], str], where: tuple[str, ...] = ()
) -> Iterator[str]:
    """A map as a file, with the comments of its lines. `comments`: by path; `where`: the path of this part."""
    indent = "  " * len(where)
    for name, value in form.items():
        comment = f"  # {comments[*where, name]}" if (*where, name) in comments else ""
        if isinstance(value, dict):
            yield f"{indent}{_scalar(name)}:{comment}"
            yield from lines_of(value, comments, (*where, name))
        elif isinstance(value, list) and name == "ignore":
            yield f"{indent}{name}:"
            for title in value:
                why = f"  # {comments[name, title]}" if (name, title) in comments else ""
                yield f"{indent}  - {_scalar(title)}{why}"
        elif isinstance(value, list):
            yield f"{indent}{name}: [{', '.join(map(_scalar, value))}]{comment}"
        else:
            yield f"{indent}{_scalar(name)}: {_scalar(value)}{comment}"
