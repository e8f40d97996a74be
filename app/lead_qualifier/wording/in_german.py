"""Turns findings into German sentences: with German terms, and numbers and times as people write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import override

from lead_qualifier.qualification.utc import within_years
from lead_qualifier.wording.german import GERMAN
from lead_qualifier.wording.german.terms import TERMS
from lead_qualifier.wording.sentences import Wording

_UNITS = {
    "s": ("Sekunde", "Sekunden"),
    "m": ("Minute", "Minuten"),
    "h": ("Stunde", "Stunden"),
    "d": ("Tag", "Tage"),
    "w": ("Woche", "Wochen"),
}
#: 1.234,5 rather than 1,234.5.
_SEPARATORS = str.maketrans(",.", ".,")


class _GermanWording(Wording):
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
        if isinstance(value, datetime) and not format_spec:
            return f"{within_years(value):%d.%m.%Y, %H:%M} Uhr (UTC)"
        text = super().format_field(value, format_spec)
        return text.translate(_SEPARATORS) if isinstance(value, int | float) else text


IN_GERMAN = _GermanWording(GERMAN)
"""The German sentences, by the code of a finding."""
