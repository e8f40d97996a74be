"""The languages of the console, and which one somebody wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lead_qualifier.wording.in_german import IN_GERMAN
from lead_qualifier.wording.on_pages import IN_ENGLISH_ON_PAGES, WordingOnPages


@dataclass(frozen=True, slots=True)
class Language:
    """One language. `code`: as in BCP 47; `name`: its own; `wording`: its sentences."""

    code: str
    name: str
    wording: WordingOnPages


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {one.code: one for one in (Language("en", "English", IN_ENGLISH_ON_PAGES), Language("de", "Deutsch", IN_GERMAN))}
)
"""By their codes. The first is for those who ask for none of them."""


def wanted(accept_language: str) -> Language:
    """The language that an Accept-Language header prefers among ours."""
    ranked = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, parameters = part.partition(";")
        quality = _quality(parameters)
        if quality > 0:
            ranked.append((-quality, place, tag.strip().lower().partition("-")[0]))
    for _, _, code in sorted(ranked):
        if code in LANGUAGES:
            return LANGUAGES[code]
    return next(iter(LANGUAGES.values()))


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
