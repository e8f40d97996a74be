"""The texts of pages in each language: English in the templates, the others in `translations/*.po`."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).with_name("translations")


def load_translations(code: str) -> NullTranslations:
    """The texts of a language. A language without a file is the one of the templates."""
    file = FOLDER / f"{code}.po"
    if not file.exists():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    return Translations(compiled)
