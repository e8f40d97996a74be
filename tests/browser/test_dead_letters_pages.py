"""The pages of dead letters in a real browser: looked into and sent back by keyboard alone, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.console_pages import switch
from tests.support.console_server import ConsoleServer


@pytest.mark.parametrize(
    ("language", "field", "chosen", "send", "nothing", "told", "reveal"),
    [
        (
            "Deutsch",
            "Grund enthält",
            1,
            "Ausgewählte zurücksenden",
            "mindestens eine",
            "1 zurückgesendet",
            "Inhalt anzeigen",
        ),
        ("English", "Reason contains", 2, "Send the chosen ones back", "at least one", "1 sent back", "Show what"),
    ],
    ids=["German", "English"],
)
def test_one_is_looked_into_and_sent_back(  # noqa: PLR0917  a row of the table
    language: str,
    field: str,
    chosen: int,
    send: str,
    nothing: str,
    told: str,
    reveal: str,
    page: Page,
    server: ConsoleServer,
) -> None:
    switch(page, language)
    page.goto("/dead-letters")
    page.get_by_label(field).focus()
    page.keyboard.type("FOUND NULL")
    page.keyboard.press("Enter")
    expect(page.locator("table.letters tbody tr")).to_have_count(50)
    page.get_by_role("button", name=send).press("Enter")
    expect(page.locator("main [role=status]")).to_contain_text(nothing)
    page.goto(f"/dead-letters?key=M-{chosen}")
    box = page.locator("table.letters input[type=checkbox]")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name=send).press("Enter")
    expect(page.locator("main [role=status]")).to_contain_text(told)
    assert server.letters.sent[-1].key == f"M-{chosen}".encode()

    page.goto(f"/dead-letters?key=M-{chosen}")
    page.get_by_role("link", name=f"M-{chosen}").press("Enter")
    value = page.locator("pre.value")
    expect(value).not_to_contain_text(f"M-{chosen}")
    page.get_by_role("link", name=reveal).press("Enter")
    expect(value).to_contain_text(f'"lead_id": "M-{chosen}"')


def test_what_others_wrote_is_text(page: Page) -> None:
    switch(page, "English")
    page.goto("/dead-letter?id=lead-dead-letters:0:0&reveal=true")
    expect(page.locator("pre.value")).to_contain_text("<b>call")
    page.goto("/dead-letter?id=lead-dead-letters:0:3&reveal=true")
    expect(page.locator("pre.value")).to_contain_text(r"\x1b[31m\u202e")
