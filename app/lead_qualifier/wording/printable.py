"""Text that others wrote, as a terminal may show it: nothing in it moves the cursor, hides, or begins a line."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text in one line, every character that does not print by its escape: `\x1b[31m`, `\n`, `\u202e`.

    Of that kind are control characters, line breaks, marks that turn the direction of writing, and half surrogates.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
