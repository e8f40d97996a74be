"""What tests do with any page of the console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.console_server import ConsoleServer

#: What breaks a rule is described, what keeps it is not: that takes half the time.
_AXE = """{
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
}"""


@contextmanager
def opened(browser: Browser, server: ConsoleServer, **options: Any) -> Iterator[Page]:
    """A page of a browser of its own that has opened the link. `options`: of the browser's context."""
    with browser.new_context(base_url=server.address, **options) as context:
        page = context.new_page()
        page.goto(server.link)
        yield page


def switch(page: Page, language: str) -> None:
    page.goto("/leads")
    link = page.get_by_role("link", name=language, exact=True)
    if link.count():
        link.click()
    expect(page.locator("nav.languages [aria-current]")).to_have_text(language)


def axe_findings(page: Page, axe: str) -> list[tuple[str, str]]:
    """What axe finds on the page: the rule, and the first element that breaks it."""
    page.evaluate(axe)
    found = page.evaluate(f"axe.run({_AXE})")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


def width_of(page: Page) -> int:
    """The width of the page, of which a window shows a part if it is narrower."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """By the Tab key alone, which is pressed `most` times at most."""
    for _ in range(most):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()


def unfold(page: Page) -> None:
    """Open all that the page shows on demand only."""
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")


def take_picture(page: Page, name: str, folder: Path) -> None:
    """Of what the window shows: for the documentation if `make pictures` asks for it, else into `folder`."""
    file = Path(os.environ.get("PICTURES") or folder) / f"console-{name}.png"
    page.screenshot(path=file)
    assert file.stat().st_size > 10_000
