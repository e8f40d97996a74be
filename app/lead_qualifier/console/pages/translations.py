"""The texts of pages in each language. English is what stands in the templates; the others are `translations/*.po`."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).with_name("translations")


def load_translations(languages: Mapping[str, object]) -> dict[str, NullTranslations]:
    """By the code of each language. A language without a file is the one of the templates."""
    return {code: _translations(FOLDER / f"{code}.po") for code in languages}


def _translations(file: Path) -> NullTranslations:
    if not file.exists():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    return Translations(compiled)
