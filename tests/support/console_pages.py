"""What tests do with any page of the console."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def switch(page: Page, language: str) -> None:
    page.goto("/leads")
    link = page.get_by_role("link", name=language, exact=True)
    if link.count():
        link.click()
    expect(page.locator("nav.languages [aria-current]")).to_have_text(language)


def axe_findings(page: Page, axe: str) -> list[tuple[str, str]]:
    """What axe finds on the page: the rule, and the first element that breaks it."""
    page.evaluate(axe)
    found = page.evaluate("axe.run({runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


def width_of(page: Page) -> int:
    """The width of the page, of which a window shows a part if it is narrower."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def tab_to(page: Page, wanted: Locator) -> None:
    """By the Tab key alone."""
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()
