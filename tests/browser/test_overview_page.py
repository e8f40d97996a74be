"""The overview changes by itself, without moving the focus, and is complete without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console_pages import axe_findings, opened, switch, width_of
from tests.support.console_records import QUALIFIED, minutes, qualification, qualified_lead
from tests.support.console_server import ConsoleServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ConsoleServer]:
    """One of the test's own: tests qualify leads."""
    with ConsoleServer(tmp_path) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: ConsoleServer) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", base_url=server.address)
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(server.link)
    yield page
    context.close()
    assert complaints == []


def qualify(server: ConsoleServer, number: int, name: str) -> None:
    at = minutes(10 + number)
    server.log.lead(f"L-2{number:03}", qualified_lead(name, at=10 + number), at=at)
    server.log.event(QUALIFIED, qualification(f"L-2{number:03}", at=10 + number), at=at)
    server.project()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


@pytest.mark.parametrize(
    ("language", "state", "newest"),
    [
        ("English", "Updates automatically.", "Newest: Berta Neu, Enterprise-Leads"),
        ("Deutsch", "Wird automatisch aktualisiert.", "Neuester Lead: Berta Neu, Enterprise-Leads"),
    ],
)
def test_a_lead_that_qualifies_appears_without_moving_the_focus(
    language: str, state: str, newest: str, page: Page, server: ConsoleServer
) -> None:
    switch(page, language)
    page.goto("/")
    expect(page.locator("#updates")).to_have_text(state)
    page.locator("summary").click()
    page.get_by_role("link", name="Anna Weber").focus()
    qualify(server, 1, "Berta Neu")
    expect(page.locator(".newest li").first).to_contain_text("Berta Neu")
    assert focused(page) == "Anna Weber"
    expect(page.locator(".unseen[role=status]")).to_have_text(newest)
    expect(page.locator(".figures dd").nth(2)).to_have_text("2")
    assert page.locator("details").get_attribute("open") is not None
    qualify(server, 2, "Carla Bald")  # so soon that it is shown, and not announced yet
    expect(page.locator(".newest li").first).to_contain_text("Carla Bald")
    expect(page.locator(".unseen[role=status]")).to_have_text(newest)
    assert focused(page) == "Anna Weber"


def test_a_lead_with_the_focus_stays_in_the_list_until_the_focus_leaves(page: Page, server: ConsoleServer) -> None:
    page.goto("/")
    last = page.locator(".newest a").last
    name = last.inner_text()
    last.focus()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        qualify(server, 1, "Berta Neu")
    page.wait_for_timeout(200)
    assert focused(page) == name
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".newest li").first).to_contain_text("Berta Neu")
    assert name not in page.locator(".newest").inner_text()


def test_updates_can_be_paused(page: Page, server: ConsoleServer) -> None:
    page.goto("/")
    expect(page.locator("#updates")).to_have_text("Updates automatically.")
    page.get_by_role("button", name="Pause updates").press("Enter")
    expect(page.locator("#updates")).to_have_text("Updates are paused.")
    qualify(server, 1, "Berta Neu")
    page.wait_for_timeout(3000)
    expect(page.locator(".newest")).not_to_contain_text("Berta Neu")
    page.get_by_role("button", name="Resume updates").press("Enter")
    expect(page.locator(".newest li").first).to_contain_text("Berta Neu")
    expect(page.get_by_role("button", name="Pause updates")).to_be_focused()


def test_a_lead_that_is_erased_disappears(page: Page, server: ConsoleServer) -> None:
    page.goto("/")
    server.log.erase("L-1001")
    server.project()
    expect(page.locator("#live")).not_to_contain_text("Anna Weber")


def test_without_javascript_the_page_is_complete_and_says_when_it_was_made(
    browser: Browser, server: ConsoleServer
) -> None:
    with opened(browser, server, locale="en-GB", java_script_enabled=False) as page:
        expect(page.locator("#live")).to_contain_text("As of 23 Nov 2026, 13:30:00 UTC")
        expect(page.locator("#updates")).to_have_text("Reload the page to update it.")
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.locator(".newest li").first).to_contain_text("Anna Weber")
        page.locator("summary").click()
        expect(page.locator("figure tbody tr")).to_have_count(12)
        page.get_by_role("link", name="Enterprise-Leads").click()
        expect(page).to_have_url(f"{server.address}/model?id=enterprise")


def test_axe_finds_nothing_while_the_page_is_live(page: Page, server: ConsoleServer, axe: str) -> None:
    page.goto("/")
    qualify(server, 1, "Berta <b>Neu</b> " + "lang" * 40)
    expect(page.locator(".newest li").first).to_contain_text("Berta <b>Neu</b>")
    page.locator("summary").click()
    assert axe_findings(page, axe) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert width_of(page) <= 320
