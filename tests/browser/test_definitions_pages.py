"""Pages of journeys, assignments, sequences and follow-ups in a real browser: from a text to what runs, and back."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException
from playwright.sync_api import Browser, Page, expect

from lead_qualifier.console.access.people import Role
from tests.support.console_pages import opened, switch
from tests.support.console_server import ConsoleServer

WRONG = "id: angebot\nstages:\n  - on: lead-assigned\n    within: 4 Stunden\n"


def test_a_follow_up_goes_from_a_text_to_what_runs_and_back_in_german(page: Page) -> None:
    switch(page, "Deutsch")
    page.goto("/follow-ups")
    page.get_by_role("link", name="Neue Nachverfolgung").press("Enter")
    text = page.get_by_label("Definition in YAML")
    text.fill(WRONG)
    page.get_by_role("button", name="Speichern und veröffentlichen").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nicht gespeichert")
    problem = page.locator(".faults li")
    expect(problem).to_contain_text("Zeile 4 stages.0.within")
    expect(problem).to_contain_text("within: 4 Stunden")
    expect(text).to_have_value(WRONG)
    text.fill(WRONG.replace("4 Stunden", "4h"))
    page.get_by_role("button", name="Nur prüfen").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Die Definition ist gültig.")
    page.get_by_role("button", name="Speichern und veröffentlichen").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Veröffentlicht")
    expect(page.get_by_role("heading", name="angebot")).to_be_visible()
    expect(page.locator("table.list tbody tr")).to_contain_text("U-4 (Erika Beispiel)")
    page.get_by_role("button", name="Anhalten").press("Enter")
    expect(page.get_by_label("Zustand")).to_contain_text("Angehalten")
    page.get_by_text("Löschen …").press("Enter")
    page.get_by_role("button", name="Endgültig löschen").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Gelöscht.")
    expect(page.locator("table.list")).not_to_contain_text("angebot")


def test_an_edit_of_a_live_one_waits_as_a_draft_until_it_replaces_it(page: Page) -> None:
    switch(page, "English")
    page.goto("/journey?id=welcome")
    page.get_by_role("link", name="Edit").click()
    text = page.get_by_label("Definition in YAML")
    text.fill(text.input_value().replace("after: 7d", "after: 9d"))
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("region", name="Difference")).to_contain_text("+reentry: {policy: after, after: 9d}")
    page.get_by_role("button", name="Replace by the draft").click()
    expect(page.get_by_label("State")).to_contain_text("Version 2")
    expect(page.locator("pre.yaml").first).to_contain_text("after: 9d")


def test_who_saves_an_older_text_sees_what_has_changed_meanwhile(page: Page) -> None:
    switch(page, "English")
    other = page.context.new_page()
    for one, subject in ((other, "Ring at once"), (page, "Call later")):
        one.goto("/sequence/edit?id=first-call")
        text = one.get_by_label("Definition in YAML")
        text.fill(text.input_value().replace("Call today", subject))
    other.get_by_role("button", name="Save as draft").click()
    expect(other.get_by_role("status")).to_have_text("The draft is saved.")
    other.close()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("heading", name="What has changed meanwhile")).to_be_visible()
    expect(page.locator(".difference .added")).to_contain_text("Ring at once")
    assert "Call later" in page.get_by_label("Definition in YAML").input_value()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.locator("pre.yaml").first).to_contain_text("Call later")


def test_a_broker_that_is_away_loses_no_text(page: Page, server: ConsoleServer) -> None:
    switch(page, "English")
    page.goto("/journey/edit")
    text = page.get_by_label("Definition in YAML")
    text.fill("id: spring\ntrigger: {event: lead-qualified}\n")
    server.worker.failure = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("alert")).to_contain_text("The Kafka broker does not answer, and nothing was sent")
    assert text.input_value() == "id: spring\ntrigger: {event: lead-qualified}\n"
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("heading", name="spring")).to_be_visible()


@pytest.mark.parametrize("address", ["/journeys", "/journey?id=welcome"])
def test_who_may_only_look_is_offered_no_change(
    address: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        ConsoleServer(tmp_path_factory.mktemp("viewer"), roles=[Role.VIEWER]) as server,
        opened(browser, server, locale="en-GB") as page,
    ):
        page.goto(address)
        expect(page.locator("main")).to_contain_text("Welcome journey")
        expect(page.locator("main").get_by_role("button")).to_have_count(0)
        expect(page.locator("main .button")).to_have_count(0)
