"""Limits what people are shown at once: the first ten findings, long ones shortened, and how many more there are."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

MOST = 10
"""How many findings are shown; the others are only counted."""
LONGEST = 500
"""How many characters of each finding are shown."""
LONGEST_MESSAGE = 8_000
"""How many characters the answer to a command may have, with all findings and names."""


def first_of(findings: Sequence[T], sentence: Callable[[T], str], more: Callable[[int], str]) -> list[str]:
    """The first findings, each as a sentence. If there are others, the last sentence is `more` of their number."""
    told = [cut(sentence(one), LONGEST) for one in findings[:MOST]]
    return told if len(findings) <= MOST else [*told, more(len(findings) - MOST)]


def cut(text: str, most: int) -> str:
    """The text, without its middle if it is too long: our sentences end with what to do."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 3]}...{text[-end:]}"
