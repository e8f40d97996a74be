"""The editor in a real browser: by keyboard alone, in both languages, and thresholds that can be dragged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.console_pages import axe_findings, opened, switch, tab_to, take_picture, unfold, width_of
from tests.support.console_server import ConsoleServer

PAGES = ("/model/edit", "/model/edit?id=enterprise", "/model/edit?id=webinar", "/model/edit?id=renewal&saved=yes")


@pytest.mark.parametrize(
    ("language", "name", "add", "threshold", "meeting", "action", "save", "saved"),
    [
        (
            "Deutsch",
            "Name",
            "Bewertungsmodell hinzufügen",
            "Schwellenwert",
            "{} von 72 offenen Leads",
            "Statusgrund auf „Marketingqualifiziert“ setzen",
            "Als Entwurf speichern",
            "Als Entwurf gespeichert",
        ),
        (
            "English",
            "Name",
            "Add scoring model",
            "Threshold",
            "{} of 72 open leads",
            "Set the status reason to “Marketing qualified”",
            "Save as draft",
            "Saved as a draft",
        ),
    ],
    ids=["German", "English"],
)
def test_a_model_is_made_by_keyboard_alone(  # noqa: PLR0917  a row of the table
    language: str,
    name: str,
    add: str,
    threshold: str,
    meeting: str,
    action: str,
    save: str,
    saved: str,
    page: Page,
) -> None:
    switch(page, language)
    page.goto("/model/edit")
    tab_to(page, page.get_by_label(name, exact=True))
    page.keyboard.type("Messe & Co")
    page.keyboard.press("Tab")
    page.keyboard.type(f"fair-{language}")
    tab_to(page, page.locator("select[id='add.scoring_model']"))
    page.keyboard.type("eng")
    tab_to(page, page.get_by_role("button", name=add))
    page.keyboard.press("Enter")
    number = page.get_by_label(threshold)
    expect(number).to_be_focused()
    page.keyboard.type("61")
    met = page.locator("[id='criteria.0-meeting']")
    expect(met).to_contain_text(meeting.format(11))
    page.keyboard.press("ArrowUp")
    expect(met).to_contain_text(meeting.format(10))
    expect(number).to_be_focused()
    expect(number).to_have_value("62")
    expect(page.locator("#yaml")).to_have_value(re.compile("engagement, threshold: 62}"))
    tab_to(page, page.get_by_label(action))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name=save))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=saved)).to_be_visible()
    expect(page.get_by_label(threshold)).to_have_value("62")


def test_a_threshold_is_dragged_on_its_histogram(page: Page) -> None:
    switch(page, "English")
    page.goto("/model/edit?id=enterprise")
    slider = page.locator("[data-for='criteria.0.threshold']")
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.7 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], middle, steps=4)
    page.mouse.up()
    expect(page.locator("[id='criteria.0-meeting']")).to_contain_text("11 of 72 open leads")
    typed = float(page.locator("[id='criteria.0.threshold']").input_value())
    assert 25 < typed < 35
    expect(page.locator("#yaml")).to_have_value(re.compile(f"threshold: {typed:g}}}"))


def test_what_is_typed_fast_stays(page: Page) -> None:
    page.goto("/model/edit?id=enterprise")
    number = page.locator("[id='criteria.0.threshold']")
    number.focus()
    for _ in range(20):
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(30)
    expect(page.locator("#yaml")).to_have_value(re.compile("threshold: 90}"))
    expect(number).to_have_value("90")


def test_an_answer_to_less_than_what_was_typed_changes_nothing(page: Page) -> None:
    page.goto("/model/edit?id=enterprise")
    number, box = page.locator("[id='criteria.0.threshold']"), page.locator("[id='actions.sales_ready']")
    was_checked = box.is_checked()
    held: list[Route] = []
    page.route("**/model/edit", lambda route: route.continue_() if held else held.append(route))
    number.fill("71")
    while not held:
        page.wait_for_timeout(10)
    box.focus()
    page.keyboard.press("Space")
    number.focus()
    page.keyboard.press("ArrowUp")
    held[0].continue_()  # it is answered before the next request takes its place
    expect(page.locator("#yaml")).to_have_value(re.compile("threshold: 72}"))
    expect(number).to_have_value("72")
    expect(box).to_be_checked(checked=not was_checked)


def test_what_is_typed_while_a_button_is_answered_does_not_take_its_place(page: Page) -> None:
    switch(page, "English")
    page.goto("/model/edit")
    held: list[Route] = []
    page.route("**/model/edit", lambda route: route.continue_() if held else held.append(route))
    page.get_by_role("button", name="Add scoring model").click()
    page.get_by_label("Name", exact=True).press_sequentially("Fair")
    page.wait_for_timeout(500)  # longer than the editor waits before it sends what was typed
    held[0].continue_()
    expect(page.get_by_label("Threshold")).to_be_visible()
    expect(page.locator("#yaml")).to_have_value(re.compile("name: Fair"))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Fair")


def test_yaml_changes_the_form(page: Page) -> None:
    switch(page, "English")
    page.goto("/model/edit?id=enterprise")
    yaml = page.locator("#yaml")
    yaml.fill(yaml.input_value().replace("threshold: 50", "threshold: 64.5").replace("match: all", "match: any"))
    yaml.blur()
    expect(page.locator("[id='criteria.1.threshold']")).to_have_value("64.5")
    expect(page.locator("select#match")).to_have_value("any")
    yaml.fill("id: enterprise\nmatch: [")
    yaml.blur()
    expect(page.locator("#yaml-problem")).to_contain_text("Line")
    expect(yaml).to_have_value("id: enterprise\nmatch: [")
    expect(page.locator("[id='criteria.1.threshold']")).to_have_value("64.5")


def test_yaml_that_is_only_passed_through_follows_the_form(page: Page) -> None:
    """As by the Tab key on the way to the button that saves."""
    switch(page, "English")
    page.goto("/model/edit?id=enterprise")
    yaml, box = page.locator("#yaml"), page.get_by_label("Set “Sales ready” to yes")
    before = yaml.input_value()
    box.set_checked(not box.is_checked())
    yaml.focus()  # before the answer
    expect(page.locator("textarea[name=base]")).not_to_have_value(before)
    expect(yaml).not_to_have_value(before)
    assert yaml.input_value() == page.locator("textarea[name=base]").input_value()


def test_a_model_is_made_without_scripts(browser: Browser, tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server, opened(browser, server, locale="en-GB", java_script_enabled=False) as page:
        page.goto("/model/edit")
        page.get_by_label("Name", exact=True).fill("Without scripts")
        page.get_by_label("Id").fill("plain")
        page.get_by_role("button", name="Add scoring model").click()
        page.get_by_label("Threshold").fill("70")
        page.get_by_label("Set “Sales ready” to yes").check()
        page.get_by_role("button", name="Bring form and YAML in step").click()
        expect(page.locator("[id='criteria.0-meeting']")).to_contain_text("of 72 open leads")
        page.get_by_role("button", name="Save as draft").click()
        expect(page.locator("#saved")).to_be_visible()


@pytest.mark.parametrize(("language", "scheme"), [("Deutsch", "dark"), ("English", "light")])
def test_axe_finds_nothing(language: str, scheme: str, page: Page, axe: str) -> None:
    switch(page, language)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for address in PAGES:
        page.goto(address)
        unfold(page)
        assert axe_findings(page, axe) == [], address


@pytest.mark.parametrize("language", ["Deutsch", "English"])
def test_nothing_is_cut_off_at_320_pixels(language: str, page: Page) -> None:
    switch(page, language)
    page.set_viewport_size({"width": 320, "height": 640})
    for address in PAGES:
        page.goto(address)
        unfold(page)
        assert width_of(page) <= 320, address


def test_pictures_for_the_documentation(page: Page, tmp_path: Path) -> None:
    switch(page, "English")
    page.set_viewport_size({"width": 1120, "height": 760})
    page.goto("/model/edit?id=enterprise")
    take_picture(page, "editor", tmp_path)
