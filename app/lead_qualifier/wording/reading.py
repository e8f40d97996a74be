"""Reads reasons of dead letters: topics hold the English sentences alone, and pages say them in other languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.english import ENGLISH, definition_files, records
from lead_qualifier.wording.german import GERMAN
from lead_qualifier.wording.sentences import IN_ENGLISH

BETWEEN_FAULTS = "; "
"""Separates what is wrong with one record."""

#: What other languages than English can say, too.
_KNOWN = (*records.SENTENCES, *(GERMAN.keys() & definition_files.SENTENCES), "empty", "wait_too_long")
_ADVICE = ("did_you_mean", "none_known", "known_are", "none_similar")


def _beginning(prefix: str) -> tuple[str, ...]:
    return tuple(code for code in _KNOWN if code.startswith(prefix))


#: The arguments that are findings themselves, each with the codes that it may have.
_PARTS = {
    "found": _beginning("kind_"),
    "form": _beginning("form_of_"),
    "advice": _ADVICE,
    "fault": tuple(
        code for code in _KNOWN if not code.startswith(("kind_", "form_of_", "fault_of_")) and code not in _ADVICE
    ),
}
_WHOLE = (*(code for code in records.SENTENCES if not code.startswith("kind_")), "and_more")
#: Sentences of ours are shorter, and have fewer parts.
_LONGEST, _MOST = 1_000, 10


def findings_in(reason: str) -> tuple[Finding, ...]:
    """What a reason says; nothing if any of it is not a sentence of this program."""
    parts = reason.split(BETWEEN_FAULTS)
    if len(reason) > _LONGEST or len(parts) > _MOST:
        return ()
    found: list[Finding] = []
    while parts:
        for end in range(len(parts), 0, -1):  # a sentence may have the separator in it
            one = _read(BETWEEN_FAULTS.join(parts[:end]), _WHOLE)
            if one is not None:
                found.append(one)
                del parts[:end]
                break
        else:
            return ()
    return tuple(found)


def _read(text: str, codes: tuple[str, ...]) -> Finding | None:
    for code, pattern, forms in _patterns(codes):
        if (match := pattern.fullmatch(text)) is None:
            continue
        arguments = {name: _argument(name, forms[name], value) for name, value in match.groupdict().items()}
        finding = Finding(code, **arguments)
        if None not in arguments.values() and IN_ENGLISH.sentence(finding) == text:
            return finding
    return None


def _argument(name: str, form: str, text: str) -> Any:
    if name in _PARTS:
        return _read(text, _PARTS[name])
    if form == "listed":
        return tuple(text.split(", "))
    return int(text.replace(",", "")) if form == "," else text


@cache
def _patterns(codes: tuple[str, ...]) -> list[tuple[str, re.Pattern[str], Mapping[str, str]]]:
    """Of each sentence its code, its pattern, and the forms of its arguments by name; the most particular first."""
    found = []
    for code in codes:
        pattern, forms, fixed = "", dict[str, str](), 0
        for literal, name, form, _ in Formatter().parse(ENGLISH[code]):
            pattern += re.escape(literal)
            fixed += len(literal)
            if name is not None:
                one = r"\d[\d,]*" if form == "," else r"\S+" if name == "field" else ".+"
                pattern += f"(?P={name})" if name in forms else f"(?P<{name}>{one})"
                forms[name] = form or ""
        found.append((fixed, code, re.compile(pattern), forms))
    found.sort(key=lambda one: -one[0])
    return [(code, pattern, forms) for _, code, pattern, forms in found]
