"""Every finding has its sentence, which uses fields that the finding has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from string import Formatter

import pytest

from lead_qualifier.definitions import findings
from lead_qualifier.definitions.findings import Fault, InvalidDefinition, OnDefinition, OnFeature, OnScoringModel
from lead_qualifier.qualification.findings import Finding
from lead_qualifier.wording.english import ENGLISH
from lead_qualifier.wording.sentences import IN_ENGLISH

LANGUAGES = {"English": ENGLISH}
#: What several findings have in common; never said itself.
BASES = {OnDefinition, OnFeature, OnScoringModel}


def subclasses(of: type[Finding]) -> Iterator[type[Finding]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


# A dataclass with slots is made a second time: the first one is still among the subclasses, under the same name.
FINDINGS = {one.__name__: one for one in subclasses(Finding) if one.__module__.startswith("lead_qualifier.")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_a_sentence_for_every_finding_and_no_other(language: str) -> None:
    assert set(LANGUAGES[language]) == FINDINGS.keys() - {one.__name__ for one in BASES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_name_only_fields_that_findings_have(language: str) -> None:
    for name, sentence in LANGUAGES[language].items():
        named = {field for _, field, _, _ in Formatter().parse(sentence) if field is not None}
        assert named <= {field.name for field in fields(FINDINGS[name])}, name


def test_an_id_is_quoted_where_a_command_is_shown() -> None:
    said = IN_ENGLISH.sentence(findings.LiveRefusesDelete("model", "big deals"))
    assert said == "big deals is live: stop it first (lead-qualifier model stop 'big deals')"


def test_numbers_are_written_as_people_write_them() -> None:
    said = IN_ENGLISH.sentence(findings.ThresholdAboveMaximum("criteria.0", 70.0, 62.5, "engagement", "live"))
    assert said.startswith("criteria.0.threshold: 70 is above 62.5, the maximum of scoring model engagement,")


def test_each_fault_takes_one_line() -> None:
    faults = (Fault("a", "is\nbroken"), Fault("", "is odd"), Fault("b", findings.IdDiffers("x")))
    assert IN_ENGLISH.sentence(InvalidDefinition("journey", "x", faults)).split("\n") == [
        "a: is\\nbroken",
        "is odd",
        "b: must be x, as the command says",
    ]


def test_reasons_are_said_one_after_the_other() -> None:
    reasons = (findings.LeadManagementOff("lead-management"), findings.ScoringModelUnknown("engagement"))
    said = IN_ENGLISH.sentence(findings.CannotPublish("model", "enterprise", reasons))
    assert said.startswith("enterprise cannot be published: lead management is off: ")
    assert "; scoring model engagement is unknown: " in said
