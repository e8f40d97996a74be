"""Problems of definitions as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.wording.sentences import IN_ENGLISH


def in_english(problems: Iterable[Problem]) -> list[tuple[Path, str]]:
    """Each problem with its path."""
    return [(where, IN_ENGLISH.sentence(one)) for where, one in problems]
