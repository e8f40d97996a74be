"""What differs between two texts, line by line, as pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff

from lead_qualifier.console.api.definition_forms import DefinitionDetails
from lead_qualifier.console.api.model_forms import ModelDetails
from lead_qualifier.console.api.models import model_text

Stored = DefinitionDetails | ModelDetails
"""A definition of any kind, as it is stored."""

_SORTS = {"+": "added", "-": "removed"}


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """All lines of both texts, each with `added`, `removed` or nothing before it; none if the texts are the same."""
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=10_000)
    return marked(list(lines)[3:])  # after the names of both, and where they begin


def difference_of_draft(stored: Stored) -> list[tuple[str, str]] | None:
    """The draft of what is live, compared with what runs. None: it has no draft."""
    return None if stored.draft is None else difference(model_text(stored.definition), model_text(stored.draft))


def marked(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Lines that begin with a plus, a minus or a space, each with `added`, `removed` or nothing before it."""
    return [(_SORTS.get(line[:1], ""), line) for line in lines]
