"""Reasons of dead letters, which topics hold in English, are said in German; what is not ours stays as it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lead_qualifier.messages.decode import decode_lead_changed, decode_lead_score_changed
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.id_form import IdForm, IdNormalisation
from lead_qualifier.messages.plausible_time import PlausibleTime
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.english import records
from lead_qualifier.wording.in_german import IN_GERMAN
from lead_qualifier.wording.reading import findings_in
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.messages import score

SCORE = score("L-1", "engagement", 83, 0)


def in_german(reason: str) -> list[str]:
    return [IN_GERMAN.sentence(one) for one in findings_in(reason)]


def reason_of(message: dict[str, Any] | bytes | None, key: bytes | None = b"L-1") -> str:
    with pytest.raises(BadMessage) as refused:
        decode_lead_score_changed(key, json.dumps(message).encode() if isinstance(message, dict) else message)
    return refused.value.reason


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (reason_of({**SCORE, "score": "x"}), ["score muss eine Zahl sein; gefunden: ein Text"]),
        (
            reason_of({"lead_id": "", "score": None, "event_id": "e", "occurred_at": "2026-11-23"}),
            [
                "lead_id darf nicht leer sein",
                "scoring_model_id fehlt",
                "score muss eine Zahl sein; gefunden: null",
                (
                    "occurred_at muss eine Zeit mit Zeitzone sein (RFC 3339), zum Beispiel 2026-11-23T09:30:00Z;"
                    " gefunden: ein Datum ohne Uhrzeit und Zeitzone"
                ),
            ],
        ),
        (
            reason_of(SCORE, b"other"),
            ["Die Nachricht hat einen Schlüssel, der nicht ihre lead_id ist: Der Schlüssel muss lead_id in UTF-8 sein"],
        ),
        (reason_of(None), ["Die Nachricht hat keinen Wert: Er muss ein JSON-Objekt sein"]),
        (reason_of(b""), ["Der Wert ist leer: Er muss ein JSON-Objekt sein"]),
        (reason_of(b"<lead/>"), ["Der Wert ist kein JSON, sondern XML: Senden Sie JSON in UTF-8"]),
    ],
)
def test_a_reason_is_said_in_german(reason: str, said: list[str]) -> None:
    assert in_german(reason) == said


def test_the_number_of_further_faults_is_said() -> None:
    attributes: dict[str, Any] = {f"a{number}": [] for number in range(2000)}
    with pytest.raises(BadMessage) as refused:
        decode_lead_changed(b"L-1", json.dumps({**SCORE, "attributes": attributes}).encode())
    said = in_german(refused.value.reason)
    assert said[0].startswith("attributes.a0 muss Text, eine endliche Zahl")
    assert said[-1] == "und 1.995 weitere"


def test_a_wrong_time_is_said_with_its_lengths() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    now_ms = int(now.timestamp() * 1000)
    with pytest.raises(BadMessage) as refused:
        PlausibleTime().check(now + timedelta(days=3), now_ms, now_ms)
    assert in_german(refused.value.reason)[0].startswith("occurred_at liegt mehr als 3 Tage nach der Zeit")


def test_an_id_in_another_form_is_said() -> None:
    with pytest.raises(BadMessage) as refused:
        IdForm(IdNormalisation.GUID).check("lead_id", "L-1")
    assert "gefunden: ein Text, der keine GUID ist: Senden Sie" in in_german(refused.value.reason)[0]


@pytest.mark.parametrize("code", records.SENTENCES)
def test_a_sentence_about_a_record_is_read_as_what_it_is(code: str) -> None:
    parts = {"fault": Finding("no_key"), "found": Finding("kind_xml")}
    texts = dict.fromkeys(("reason", "name", "field", "byte", "setting"), "X") | {"ahead": "2d", "most": "1h"}
    sentence = IN_ENGLISH.sentence(Finding(code, **texts, **parts))
    whole = sentence if not code.startswith("kind_") else f"the value is not JSON but {sentence}: send JSON in UTF-8"
    assert [IN_ENGLISH.sentence(one) for one in findings_in(whole)] == [whole]


@pytest.mark.parametrize(
    "reason",
    [
        "HTTP 410",
        "",
        "ValueError: score is missing",
        "score must be a number, found text; and more that nobody knows",
        "the broker refused what follows from this record: too large",
        "score must be a number, found " + "x" * 100_000,
        "a; " * 1_000,
        "and , more",
    ],
)
def test_what_is_not_a_sentence_of_ours_is_not_read(reason: str) -> None:
    assert findings_in(reason) == ()
