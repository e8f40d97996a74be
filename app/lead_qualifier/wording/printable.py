"""Makes text that others wrote safe for a terminal: nothing in it moves the cursor, hides text or starts a line."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text in one line, with an escape for every character that does not print: `\x1b[31m`, `\n`, `\u202e`.

    Such are control characters, line breaks, marks that reverse the direction of writing, and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
