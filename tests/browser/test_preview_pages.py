"""A preview in a real browser: from the editor to the publication, by keyboard alone, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.console_pages import axe_findings, opened, switch, tab_to, take_picture, unfold, width_of
from tests.support.console_server import ConsoleServer


@pytest.mark.parametrize(
    ("language", "preview", "headline", "foretold", "sampled", "publish", "scheme"),
    [
        (
            "Deutsch",
            "Vorschau",
            "1 von 75 bekannten Leads",
            "Sofort gekennzeichnet: 1 von 75 bekannten Leads.",
            "engagement 61,5 ≥ 60: erfüllt",
            "Veröffentlichen",
            "dark",
        ),
        (
            "English",
            "Preview",
            "1 of 75 known leads",
            "Marked at once: 1 of 75 known leads.",
            "engagement 61.5 ≥ 60 met",
            "Publish",
            "light",
        ),
    ],
    ids=["German", "English"],
)
def test_a_model_is_previewed_and_published_by_keyboard_alone_and_pictures_are_taken(  # noqa: PLR0917  a row of the table
    language: str,
    preview: str,
    headline: str,
    foretold: str,
    sampled: str,
    publish: str,
    scheme: str,
    browser: Browser,
    axe: str,
    tmp_path: Path,
) -> None:
    with ConsoleServer(tmp_path) as server, opened(browser, server, locale="de-DE") as page:
        switch(page, language)
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto("/model/edit?id=enterprise")
        _preview(page, preview, headline)
        expect(page.locator("main")).to_contain_text(foretold)
        expect(page.locator("main")).to_contain_text(sampled)
        expect(page.get_by_role("link", name="L-1002")).to_have_attribute("href", "/lead?id=L-1002")
        unfold(page)
        assert axe_findings(page, axe) == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert width_of(page) <= 320
        page.set_viewport_size({"width": 1120, "height": 760})
        take_picture(page, "preview", tmp_path)
        tab_to(page, page.get_by_role("button", name=publish, exact=True))
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/model\\?id=enterprise"))
        shown = server.resources.models.show("enterprise", IN_ENGLISH)
        assert (shown.version, shown.definition["criteria"][0]["threshold"]) == (4, 60)


def _preview(page: Page, button: str, headline: str) -> None:
    tab_to(page, page.locator("[id='criteria.0.threshold']"))
    page.keyboard.press("Control+A")
    page.keyboard.type("60")
    tab_to(page, page.get_by_role("button", name=button))
    page.keyboard.press("Enter")
    expect(page.locator(".headline")).to_contain_text(headline, timeout=60_000)


def test_a_preview_is_followed_and_cancelled_without_scripts(browser: Browser, tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server, opened(browser, server, locale="en-GB", java_script_enabled=False) as page:
        page.goto("/model/edit?id=enterprise")
        page.get_by_role("button", name="Preview").click()
        cancel = page.get_by_role("button", name="Cancel")
        if cancel.count():
            cancel.click()
            expect(page.locator("main")).to_contain_text("cancelled")
            page.get_by_role("button", name="Preview the stored model again").click()
        expect(page.locator(".headline")).to_contain_text("of 75 known leads", timeout=60_000)
