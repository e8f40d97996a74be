"""Turns findings into German sentences: with German terms, and numbers and times as people write them."""

from __future__ import annotations

from datetime import date
from typing import Any

from typing_extensions import override

from lead_qualifier.wording.german import GERMAN
from lead_qualifier.wording.german.terms import TERMS
from lead_qualifier.wording.on_pages import WordingOnPages

_UNITS = {
    "s": ("Sekunde", "Sekunden"),
    "m": ("Minute", "Minuten"),
    "h": ("Stunde", "Stunden"),
    "d": ("Tag", "Tage"),
    "w": ("Woche", "Wochen"),
}
#: 1.234,5 rather than 1,234.5.
_SEPARATORS = str.maketrans(",.", ".,")


class _GermanWording(WordingOnPages):
    @override
    def day_of_year(self, on: date) -> str:
        """Such as 03.11."""
        return f"{on.day:02}.{on.month:02}."

    @override
    def day(self, on: date) -> str:
        """Such as 03.11.2026."""
        return f"{self.day_of_year(on)}{on.year}"

    @override
    def term(self, word: str) -> str:
        return TERMS.get(word, word)

    @override
    def duration(self, text: str) -> str:
        count, unit = text[:-1], text[-1:]
        if not count.isdecimal() or unit not in _UNITS:
            return text
        one, many = _UNITS[unit]
        return f"{count} {one if count == '1' else many}"

    @override
    def format_field(self, value: Any, format_spec: str) -> str:
        text = super().format_field(value, format_spec)
        return text.translate(_SEPARATORS) if isinstance(value, int | float) else text


IN_GERMAN = _GermanWording(GERMAN)
"""The German sentences, by the code of a finding."""
