"""The pages of models, scoring models, settings and the audit trail in a real browser: a model's life from its text."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.support.console_pages import switch
from tests.support.console_server import ConsoleServer

TEXT = """\
id: messe
match: any
criteria:
- {scoring_model: engagement, treshold: 40}
actions: {sales_ready: true}
"""


def test_a_model_lives_from_its_text_to_live_and_back_by_keyboard_in_german(page: Page) -> None:
    switch(page, "Deutsch")
    page.goto("/models")
    page.get_by_role("link", name="Neues Modell in YAML").press("Enter")
    text = page.get_by_label("Definition in YAML")
    text.fill(TEXT)
    page.get_by_role("button", name="Speichern und veröffentlichen").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nicht gespeichert")
    expect(page.locator("#problems")).to_contain_text("Zeile 4 criteria.0.treshold")
    expect(page.locator("#problems")).to_contain_text("ist unbekannt: Meinten Sie threshold?")
    expect(text).to_have_value(TEXT)
    text.fill(TEXT.replace("treshold", "threshold"))
    page.get_by_role("button", name="Speichern und veröffentlichen").press("Enter")
    expect(page.get_by_role("heading", name="Dieses Modell veröffentlichen?")).to_be_visible()
    expect(page.get_by_role("region", name="Was geschieht")).to_contain_text("Bekannte Leads, die sofort geprüft")
    page.get_by_role("button", name="Veröffentlichen").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Veröffentlicht")
    expect(page.get_by_label("Zustand")).to_contain_text("Live")
    expect(page.get_by_label("Zustand")).to_contain_text("Version 1")
    page.get_by_role("link", name="Anhalten …").press("Enter")
    page.get_by_role("button", name="Anhalten").press("Enter")
    expect(page.get_by_label("Zustand")).to_contain_text("Angehalten")
    expect(page.locator("table.list").last).to_contain_text("angehalten: U-4 (Erika Beispiel)")
    page.get_by_role("link", name="Löschen …").press("Enter")
    page.get_by_role("button", name="Endgültig löschen").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Gelöscht.")
    page.goto("/audit?id=messe&kind=model")
    expect(page.locator("table.list tbody tr")).to_have_count(4)


def test_without_scripts_everything_can_be_done(browser: Browser, server: ConsoleServer, page: Page) -> None:
    context = browser.new_context(locale="en-GB", base_url=server.address, java_script_enabled=False)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # what it gives is what it takes
    plain = context.new_page()
    switch(plain, "English")
    plain.goto("/settings")
    plain.get_by_role("button", name="Turn lead management off").click()
    expect(plain.get_by_role("status")).to_contain_text("Lead management is off.")
    plain.goto("/model/confirm?id=enterprise&action=stop")
    plain.get_by_role("button", name="Stop").click()
    plain.get_by_role("link", name="Publish …").click()
    expect(plain.get_by_role("alert")).to_contain_text("lead management is off")
    plain.goto("/settings")
    plain.get_by_role("button", name="Turn lead management on").click()
    plain.goto("/model/confirm?id=enterprise&action=publish")
    plain.get_by_role("button", name="Publish").click()
    expect(plain.get_by_label("State")).to_contain_text("Version 4")
    plain.get_by_role("link", name="Compare with version 2").click()
    expect(plain.get_by_role("region", name="Difference")).to_contain_text("threshold: 60")
    plain.goto("/scoring-model")
    plain.get_by_label("Id").fill("fairs")
    plain.get_by_label("Highest score").fill("many")
    plain.get_by_role("button", name="Announce").click()
    expect(plain.get_by_label("Highest score")).to_have_value("many")
    expect(plain.get_by_label("Highest score")).to_have_accessible_description(
        "Enter a number such as 100, or leave the field empty."
    )
    plain.get_by_label("Highest score").fill("10")
    plain.get_by_role("button", name="Announce").click()
    expect(plain.locator("table.list")).to_contain_text("fairs")
    context.close()


def test_who_decides_on_an_older_state_sees_what_has_changed_meanwhile(page: Page, server: ConsoleServer) -> None:
    switch(page, "Deutsch")
    other = page.context.new_page()
    other.goto("/model?id=renewal")
    page.goto("/model/confirm?id=renewal&action=stop")
    other.get_by_role("button", name="Schatten beenden").click()
    expect(other.get_by_role("status")).to_contain_text("läuft nicht mehr im Schatten")
    other.close()
    page.get_by_role("button", name="Anhalten").click()
    expect(page.get_by_role("alert")).to_contain_text("Revision")
    expect(page.get_by_role("region", name="Was sich inzwischen geändert hat")).to_contain_text("Erika Beispiel")
    page.get_by_role("button", name="Anhalten").click()
    expect(page.get_by_label("Zustand")).to_contain_text("Angehalten")


def test_on_a_phone_no_label_runs_into_its_value(page: Page) -> None:
    switch(page, "Deutsch")
    page.set_viewport_size({"width": 320, "height": 640})
    for address in ("/models", "/scoring-models"):
        page.goto(address)
        assert page.evaluate(LABELS_TOO_WIDE) == [], address


#: The labels of which a word is wider than their column.
LABELS_TOO_WIDE = """() => [...document.querySelectorAll('table.list td')].filter(cell => {
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = getComputedStyle(cell, '::before').font;
  const column = parseFloat(getComputedStyle(cell).gridTemplateColumns);
  return cell.dataset.label.split(' ').some(word => pen.measureText(word).width > column + 1);
}).map(cell => cell.dataset.label)"""
