"""How much people are told at once: the first ten findings and how many more there are, each cut where it is long."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

MOST = 10
"""So many findings are told; the rest is counted."""
LONGEST = 500
"""So many characters of each are told."""
LONGEST_MESSAGE = 8_000
"""So many characters has what a command is answered, at most: all findings, and names."""


def first_of(findings: Sequence[T], sentence: Callable[[T], str], more: Callable[[int], str]) -> list[str]:
    """The first findings, each as a sentence; where there are more the last says how many, by `more`."""
    told = [cut(sentence(one), LONGEST) for one in findings[:MOST]]
    return told if len(findings) <= MOST else [*told, more(len(findings) - MOST)]


def cut(text: str, most: int) -> str:
    """The text without its middle if it is longer: a sentence of ours ends with what to do."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 3]}...{text[-end:]}"
