"""The pages of leads in a real browser: in both languages, by keyboard alone, at 320 pixels, and axe finds nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lead_qualifier.console.read_model.standing import Phase, Standing
from tests.support.console_pages import axe_findings, switch, tab_to, take_picture, width_of
from tests.support.console_records import STRANGE_IDS
from tests.support.console_server import ConsoleServer

PAGES = (
    "/",
    "/report?by=score",
    "/report?by=attribute",
    "/leads",
    "/leads?q=weber",
    "/leads?q=nobody",
    "/lead?id=L-1001",
    "/lead?id=L-1002",
    "/lead?id=L-1006",
    "/lead?id=L-gone",
    "/dead-letters",
    "/dead-letters?outcome=sent.2&outcome=replayed.1&key=nobody",
    "/dead-letter?id=lead-dead-letters:0:0",
    "/dead-letter?id=lead-dead-letters:0:3&reveal=true",
    "/lead?id=M-000",
    "/assignments",
    "/sellers",
    "/waiting",
    "/follow-up?id=react-fast",
    "/sequence/edit?id=first-call",
    "/models",
    "/model?id=renewal",
    "/model?id=enterprise",
    "/model/confirm?id=enterprise&action=stop",
    "/model/confirm?id=webinar&action=publish",
    "/model/diff?id=enterprise&before=1&after=3",
    "/model/yaml?id=renewal",
    "/scoring-models",
    "/scoring-model?id=fit",
    "/scoring-model/scores?id=engagement",
    "/scoring-model/scores?id=fit",
    "/settings",
    "/audit",
)
#: By language the pages of which the documentation has pictures.
PICTURED = {
    "English": {
        "overview": "/",
        "leads": "/leads?owner=U-4",
        "models": "/models",
        "model": "/model?id=enterprise",
        "scoring-models": "/scoring-models",
        "acceptance": "/report?by=score",
        "assignments": "/assignments",
        "sequence": "/sequence/edit?id=first-call",
        "sellers": "/sellers",
        "waiting": "/waiting",
        "dead-letters": "/dead-letters",
        "audit": "/audit",
        "settings": "/settings",
    },
    "Deutsch": {"lead": "/lead?id=L-1002"},
}


@pytest.mark.parametrize(
    ("language", "heading", "field", "button", "model", "reason", "missing"),
    [
        (
            "Deutsch",
            "Warum qualifiziert oder nicht",
            "Name oder ID",
            "Suchen",
            "Kriterien nicht erfüllt",
            "1 von 2 Kriterien erfüllt, nötig: 2. engagement: Es fehlen 8,5",
            "engagement 61,5 < 70: nicht erfüllt",
        ),
        (
            "English",
            "Why it is qualified, or not",
            "Name or id",
            "Search",
            "Criteria not met",
            "1 of 2 criteria met, 2 needed: engagement: 8.5 more",
            "engagement 61.5 < 70 not met",
        ),
    ],
    ids=["German", "English"],
)
def test_a_lead_is_found_and_explained_by_keyboard_alone(  # noqa: PLR0917  a row of the table
    language: str, heading: str, field: str, button: str, model: str, reason: str, missing: str, page: Page
) -> None:
    switch(page, language)
    page.goto("/leads")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the bar
    page.keyboard.press("Tab")
    expect(page.get_by_label(field)).to_be_focused()
    page.keyboard.type("müll")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=button)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("table.list tbody tr")).to_have_count(1)
    link = page.get_by_role("link", name="Jonas Müller")
    tab_to(page, link, most=40)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    card = page.get_by_role("article", name="Enterprise-Leads")
    expect(card).to_contain_text(model)
    expect(card).to_contain_text(reason)
    expect(card).to_contain_text(missing)
    page.go_back()
    expect(page.get_by_label(field)).to_have_value("müll")


def test_a_lead_is_rejected_in_the_place_of_sales(page: Page, server: ConsoleServer) -> None:
    switch(page, "Deutsch")
    page.goto("/lead?id=L-1001")
    page.get_by_label("lehnt den Lead ab").check()
    page.get_by_label("Grund").fill("kein Budget <b>")
    server.topics.away = 0
    page.get_by_role("button", name="Antwort senden").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Der Kafka-Broker antwortet nicht")
    server.topics.away = None
    expect(page.get_by_label("lehnt den Lead ab")).to_be_checked()
    expect(page.get_by_label("Grund")).to_have_value("kein Budget <b>")
    page.get_by_label("Grund").press("Enter")
    expect(page.locator(".timeline li").first).to_contain_text("Vom Vertrieb abgelehnt: kein Budget <b>")


@pytest.mark.parametrize(("language", "scheme"), [("Deutsch", "dark"), ("English", "light")])
def test_axe_finds_nothing(language: str, scheme: str, page: Page, axe: str) -> None:
    switch(page, language)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for address in PAGES:
        page.goto(address)
        assert axe_findings(page, axe) == [], address


@pytest.mark.parametrize("language", ["Deutsch", "English"])
def test_nothing_is_cut_off_at_320_pixels(language: str, page: Page) -> None:
    switch(page, language)
    page.set_viewport_size({"width": 320, "height": 640})
    for address in (*PAGES, *(f"/leads?q={number}" for number in range(3))):
        page.goto(address)
        assert width_of(page) <= 320, address


def test_every_id_leads_to_its_lead(page: Page) -> None:
    page.goto("/leads?qualified=yes")
    addresses = [one.get_attribute("href") for one in page.locator("table.list tbody a").all()]
    assert len(addresses) == len(STRANGE_IDS) + 1
    for number, address in enumerate(addresses[1:]):
        page.goto(address or "")
        expect(page.locator("h1")).to_have_text(re.compile(rf"^Lead {number} <i>"))


def test_a_lead_that_is_erased_while_its_page_is_open(page: Page, server: ConsoleServer) -> None:
    switch(page, "English")
    answer = page.goto("/lead?id=L-gone")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="No such lead")).to_be_visible()
    page.locator("main").get_by_role("link", name="Leads").click()
    expect(page).to_have_url(f"{server.address}/leads")


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(phase=Phase.REBUILDING, behind=1, read=42, total=100), "42 %"),
        (Standing(problem="no Kafka broker answered"), "no Kafka broker answered"),
        (Standing(phase=Phase.FOLLOWING, behind=1234), "1.234"),
    ],
    ids=["rebuilding", "waiting", "behind"],
)
def test_data_that_is_not_up_to_date_says_so(standing: Standing, words: str, page: Page, server: ConsoleServer) -> None:
    switch(page, "Deutsch")
    before, server.standing = server.standing, standing
    page.goto("/leads")
    server.standing = before
    expect(page.get_by_role("status")).to_contain_text(
        words.replace(" ", "\N{NO-BREAK SPACE}") if "%" in words else words
    )


def test_pictures_for_the_documentation(page: Page, tmp_path: Path) -> None:
    for language, pictured in PICTURED.items():
        switch(page, language)
        page.set_viewport_size({"width": 1120, "height": 620})
        for name, address in pictured.items():
            page.goto(address)
            take_picture(page, name, tmp_path)


@pytest.mark.parametrize("language", ["Deutsch", "English"])
@pytest.mark.parametrize("width", [1024, 1280])
def test_the_menu_takes_two_even_lines_at_most(language: str, width: int, page: Page) -> None:
    switch(page, language)
    page.set_viewport_size({"width": width, "height": 800})
    boxes = page.locator("nav.pages a").evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
    ends: dict[float, float] = {}
    for box in boxes:
        ends[box["y"]] = max(ends.get(box["y"], 0), box["right"])
    assert len(ends) <= 2
    assert min(ends.values()) > 0.75 * max(ends.values())
