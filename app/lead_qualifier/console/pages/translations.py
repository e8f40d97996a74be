"""The texts of pages in each language: English in the templates, the others in `translations/<language>/*.po`."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).with_name("translations")


def load_translations(code: str) -> NullTranslations:
    """The texts of a language. A language without files is the one of the templates."""
    files = sorted((FOLDER / code).glob("*.po"))
    if not files:
        return NullTranslations()
    texts = Catalog(code)
    for file in files:
        with file.open("rb") as source:
            for message in read_po(source, code):
                if message.id:
                    texts[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return Translations(compiled)
