"""Every finding that the program can make has its sentence in every language, with the arguments that it takes."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import iter_modules
from string import Formatter
from types import ModuleType

import pytest

import lead_qualifier
from lead_qualifier.engine import errors as engine_errors
from lead_qualifier.engine.errors import Code
from lead_qualifier.kafka import errors as kafka_errors
from lead_qualifier.services import errors as service_errors
from lead_qualifier.wording import english, german
from lead_qualifier.wording.english import ENGLISH
from lead_qualifier.wording.german import GERMAN
from lead_qualifier.wording.on_pages import ENGLISH_ON_PAGES
from lead_qualifier.wording.on_pages import SENTENCES as ON_PAGES

#: What pages say.
LANGUAGES = {"English": ENGLISH_ON_PAGES, "German": GERMAN}
CATALOGUES = {english: ENGLISH, german: GERMAN}
#: Makers of findings that no page shows: other languages than English have no sentences for these.
NOT_SHOWN = ("cli/", "client/lead_import/", "sinks/")
SOURCES = Path(lead_qualifier.__file__).parent
#: Makes findings out of the catalogue's own sentences.
READER = SOURCES / "wording" / "reading.py"

Call = tuple[str, str, frozenset[str]]
"""Where a finding is made, its code, and the names of its arguments."""


@cache
def findings_made() -> tuple[Call, ...]:
    return tuple(read_findings())


def read_findings() -> Iterator[Call]:
    for file in sorted({*SOURCES.rglob("*.py")} - {READER}):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                where = f"{file.relative_to(SOURCES)}:{node.lineno}"
                assert len(node.args) == 1, f"{where}: a finding has its code, and its arguments by name"
                names = [keyword.arg for keyword in node.keywords]
                assert None not in names, f"{where}: name each argument, so that it can be checked"
                for code in codes_of(node.args[0], where):
                    yield where, code, frozenset(name for name in names if name is not None)


def codes_of(code: ast.expr, where: str) -> Iterator[str]:
    match code:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from codes_of(body, where)
            yield from codes_of(orelse, where)
        case _:
            raise AssertionError(f"{where}: write the code here, so that it can be checked")


def reports_made() -> Iterator[Call]:
    """The codes of the engine's reports, with the arguments that errors.py names beside each."""
    for name, code, arguments in re.findall(
        r'^    ([A-Z_]+) = "([a-z_]+)"  # (.*)$', inspect.getsource(engine_errors), re.MULTILINE
    ):
        yield f"engine/errors.py:{name}", code, frozenset(arguments.split(", "))


REPORTS = tuple(reports_made())
#: Errors have their sentences by their class.
ERRORS = {name for name in ENGLISH if not name.islower()}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_english_has_a_sentence_for_every_code_and_no_other() -> None:
    assert set(ENGLISH) == {code for _, code, _ in (*findings_made(), *REPORTS)} | ERRORS


def test_german_has_a_sentence_for_every_code_that_the_console_shows_and_no_other() -> None:
    assert set(GERMAN) == {code for where, code, _ in findings_made() if not where.startswith(NOT_SHOWN)}


@pytest.mark.parametrize("language", CATALOGUES, ids=["English", "German"])
def test_a_sentence_stands_in_one_room(language: ModuleType) -> None:
    rooms = [importlib.import_module(f"{language.__name__}.{room.name}") for room in iter_modules(language.__path__)]
    assert sum(len(getattr(room, "SENTENCES", ())) for room in rooms) == len(CATALOGUES[language])


def test_a_report_has_the_arguments_of_its_sentence() -> None:
    assert {code for _, code, _ in REPORTS} == set(Code)
    assert [code for _, code, arguments in REPORTS if not placeholders(ENGLISH[code]) <= arguments] == []


def test_each_sentence_of_an_error_belongs_to_a_class() -> None:
    assert {
        kind.__name__
        for module in (kafka_errors, service_errors)
        for kind in vars(module).values()
        if isinstance(kind, type)
    } >= ERRORS


def test_a_finding_has_the_arguments_of_its_sentence() -> None:
    wrong = [
        f"{where}: {code} has {sorted(arguments)}, its sentence {sorted(placeholders(ENGLISH[code]))}"
        for where, code, arguments in findings_made()
        if arguments != placeholders(ENGLISH[code])
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_uses_the_arguments_in_the_same_forms(language: str) -> None:
    def forms(sentence: str) -> set[tuple[str, str]]:
        parts = [(name, form or "") for _, name, form, _ in Formatter().parse(sentence) if name is not None]
        return {(name, "joined" if form.startswith("joined by") else form) for name, form in parts}

    assert {code: forms(one) for code, one in LANGUAGES[language].items()} == {
        code: forms(ENGLISH_ON_PAGES[code]) for code in LANGUAGES[language]
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_name_no_command(language: str) -> None:
    shown = {code: LANGUAGES[language][code] for code in {*GERMAN, *(ERRORS & LANGUAGES[language].keys())}}
    assert {code: one for code, one in shown.items() if "lead-qualifier " in one} == {}


def test_what_pages_say_otherwise_has_no_other_arguments() -> None:
    assert [code for code, one in ON_PAGES.items() if not placeholders(one) <= placeholders(ENGLISH[code])] == []
