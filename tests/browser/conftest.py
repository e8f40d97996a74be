"""A browser, a console with the data of `world()`, and pages that must break no policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.support.chromium import chromium
from tests.support.console_server import ConsoleServer
from tests.support.npm import install

AXE = "axe-core@4.10.3"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (install(AXE, tmp_path_factory.mktemp("axe")) / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="module")
def context(browser: Browser, server: ConsoleServer) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="de-DE", base_url=server.address)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(server.link)
    expect(page).to_have_url(f"{server.address}/")
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that loads what it needs, and breaks no policy."""
    page = context.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if "responded with a status of" not in message.text:  # of the page itself, if something is wrong
            complaints.append(message.text)

    page.on("console", complain)
    yield page
    page.close()
    assert complaints == []
