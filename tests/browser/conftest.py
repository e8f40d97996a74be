"""A browser, a console with the data of `world()`, and pages that must break no policy."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

from tests.support.chromium import chromium
from tests.support.console_server import ConsoleServer
from tests.support.npm import install

AXE = "axe-core@4.10.3"
#: The folder for a picture of each page on which a test failed.
FAILED_PAGES = "FAILED_PAGES"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """While what the test used is still open, take a picture of it if the test failed."""
    report = yield
    folder = os.environ.get(FAILED_PAGES)
    if folder and report.when == "call" and report.failed:
        for number, page in enumerate(_open_pages(item)):
            name = re.sub(r"[^\w-]+", "-", f"{item.name}-{number}")
            with suppress(Error):  # a page that hangs or has crashed
                page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    return report


def _open_pages(item: pytest.Item) -> list[Page]:
    assert isinstance(item, pytest.Function)
    contexts = [one for one in item.funcargs.values() if isinstance(one, BrowserContext)]
    contexts += [context for one in item.funcargs.values() if isinstance(one, Browser) for context in one.contexts]
    contexts += [one.context for one in item.funcargs.values() if isinstance(one, Page)]
    return list(dict.fromkeys(page for context in contexts for page in context.pages))


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
    for aborted in [one for one in complaints if one.startswith("htmx:sendAbort")]:  # another request took its place
        complaints.remove(aborted)
        complaints.remove(aborted.replace("sendAbort", "afterRequest"))
    assert complaints == []
