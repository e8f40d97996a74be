"""Every text of the pages is there in every language, and people get the language that they want."""

from __future__ import annotations

import httpx
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.languages import LANGUAGES, wanted
from lead_qualifier.console.pages.rendering import _environment
from lead_qualifier.console.pages.terms import TERMS
from lead_qualifier.console.pages.translations import FOLDER
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.german.terms import TERMS as SAID
from tests.support.console_server import ConsoleServer

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


OTHERS = [code for code in LANGUAGES if code != "en"]


def translated(code: str) -> dict[str, str]:
    """By each text the one in the language. No file has a text that another has too."""
    texts: dict[str, str] = {}
    for path in sorted((FOLDER / code).glob("*.po")):
        with path.open("rb") as file:
            found = {str(one.id): str(one.string) for one in read_po(file) if one.id}
        assert texts.keys() & found.keys() == set(), path.name
        texts |= found
    return texts


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_text_and_no_other(code: str) -> None:
    found = extract_from_dir(FOLDER.parent, method_map=_METHODS, keywords={"_": None})
    texts = {text for _, _, text, _, _ in found if isinstance(text, str)}
    assert set(translated(code)) == texts
    assert [text for text, other in translated(code).items() if not other] == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_text_names_a_command_of_the_command_line(code: str) -> None:
    texts = translated(code)
    assert [text for text in (*texts, *texts.values()) if "lead-qualifier " in text] == []


def test_sentences_and_labels_call_a_value_the_same() -> None:
    texts = translated("de")
    assert {word: texts[TERMS[word]] for word in SAID if word in TERMS} == {
        word: term for word, term in SAID.items() if word in TERMS
    }


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.9", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("fr,de;q=0.1", "de"),
        ("de;q=0,fr", "en"),
        ("*", "en"),
        ("de;q=x", "en"),
    ],
)
def test_the_browser_says_the_language(accepted: str, code: str) -> None:
    assert wanted(accepted).code == code


def test_the_switch_is_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        ConsoleServer(tmp_path_factory.mktemp("console")) as server,
        httpx.Client(
            base_url=server.address, headers={"Accept-Language": "en"}, follow_redirects=True, timeout=60
        ) as client,
    ):
        assert "Newest qualified leads" in client.get(server.link).text
        switched = client.get("/language", params={"to": "de", "back": "/leads?q=Weber"})
        assert "Nach ID" in switched.text
        assert '<html lang="de">' in client.get("/lead", params={"id": "L-1001"}).text


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (Finding("no_clear_difference", scoring_model="engagement"), "engagement: acceptance does not clearly rise"),
        (Finding("model_not_live"), "The model is not live"),
    ],
)
def test_a_sentence_begins_with_a_capital_letter_but_an_id_stays_as_it_is(finding: Finding, said: str) -> None:
    language = LANGUAGES["en"]
    assert _environment(language).filters["whole"](sentence(finding, language.wording)).startswith(said)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "23 Nov 2026, 13:30:00 UTC"), ("de", "23.11.2026, 13:30:00 UTC")]
)
def test_a_time_on_a_page_is_marked_as_one(language: str, said: str, client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept-Language": language}).text
    assert f'<time datetime="2026-11-23T13:30:00+00:00">{said}</time>' in page
