"""A lead's name, from the attributes that a setting lists, and the words by which it is found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

#: A name with more or longer words is found by these.
_MOST_WORDS = 32
_LONGEST_WORD = 64
_WORD = re.compile(r"\w+")


def name_of(attributes: Mapping[str, Any], name_attributes: Iterable[str]) -> str:
    """The lead's name in one line; empty if it has none."""
    values = (attributes.get(one) for one in name_attributes)
    return " ".join(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def words_in(text: str) -> list[str]:
    """The words of a text, each once, without case, accents and marks: `Müller-Straße` has `muller` and `strasse`."""
    plain = text.casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return list(dict.fromkeys(word[:_LONGEST_WORD] for word in _WORD.findall(plain)))[:_MOST_WORDS]
