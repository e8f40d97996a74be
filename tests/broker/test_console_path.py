"""A marketer's path in a browser, in German and without the command line: from the switch to what sales made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.broker.conftest import Install
from tests.support.chromium import chromium
from tests.support.console_process import ConsoleProcess
from tests.support.installation import Installation
from tests.support.messages import encode, new_id
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def now() -> str:
    return datetime.now(UTC).isoformat()


def told(here: Installation, topic: str, key: str, message: dict[str, Any]) -> None:
    """What another system writes: the CRM, or a scoring engine."""
    here.send_bytes(topic, key.encode(), encode({"event_id": new_id(), "occurred_at": now(), **message}))
    here.flush()


def scored(here: Installation, lead_id: str, score: float) -> None:
    told(here, "lead-score-changed", lead_id, {"lead_id": lead_id, "scoring_model_id": "engagement", "score": score})


def press(page: Page, name: str, *, exact: bool = True) -> None:
    page.get_by_role("button", name=name, exact=exact).click()


def test_a_marketer_needs_no_command_line(install: Install, browser: Browser, tmp_path: Path) -> None:
    here = install()
    worker = here.start_worker()
    assignment = WorkerProcess(
        here._environment, tmp_path / "assignment.log", ("lead_qualifier", "downstream", "assignment")
    )
    here.workers.append(assignment)
    worker.wait_ready()
    assignment.wait_ready()
    console = ConsoleProcess(here._environment, tmp_path)
    cookies: list[Any] = [
        {"name": one.name, "value": one.value or "", "url": str(console.client.base_url)}
        for one in console.client.cookies.jar
    ]
    context = browser.new_context(locale="de-DE", base_url=str(console.client.base_url).rstrip("/"))
    context.add_cookies(cookies)
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    page = context.new_page()

    seller = {"seller_id": "S-1", "name": "Sam Seller", "time_zone": "UTC", "attributes": {"language": "de"}}
    told(here, "seller-changed", "S-1", seller)
    for number in range(10):
        lead_id = f"L-{number}"
        told(
            here,
            "lead-changed",
            lead_id,
            {"lead_id": lead_id, "status": "open", "attributes": {"name": f"Lead {number}"}},
        )
        scored(here, lead_id, 10 * number)

    # The switch.
    page.goto("/")
    page.get_by_role("link", name="Einstellungen", exact=True).click()
    press(page, "Leadverwaltung einschalten")
    expect(page.get_by_text("Die Leadverwaltung ist eingeschaltet.")).to_be_visible()

    # A live scoring model.
    page.get_by_role("link", name="Bewertungsmodelle", exact=True).click()
    page.get_by_role("link", name="Bewertungsmodell anmelden").click()
    page.get_by_label("ID", exact=True).fill("engagement")
    page.get_by_label("Höchste").fill("100")
    press(page, "Anmelden")
    expect(page.get_by_role("row", name="engagement")).to_contain_text("Live")

    # Criteria with the histogram, and both actions.
    page.get_by_role("link", name="Qualifizierungsmodelle", exact=True).click()
    page.get_by_role("link", name="Neues Modell", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Enterprise-Leads")
    page.get_by_label("ID", exact=True).fill("enterprise")
    press(page, "Bewertungsmodell hinzufügen")
    page.get_by_label("Schwellenwert").fill("80")
    expect(page.locator("[id='criteria.0-meeting']")).to_contain_text("2 von 10 offenen Leads")
    page.get_by_label("Statusgrund auf „Marketingqualifiziert“ setzen").check()
    page.get_by_label("„Vertriebsbereit“ auf Ja setzen").check()

    # The preview says what publishing does; then it is done.
    press(page, "Vorschau")
    expect(page.locator("#publishing + p")).to_contain_text("2 von 10 bekannten Leads")
    press(page, "Veröffentlichen")
    expect(page.locator("h1")).to_have_text("Enterprise-Leads")
    expect(page.get_by_role("group", name="Zustand")).to_contain_text("Live")

    # Who gets the leads.
    page.get_by_role("link", name="Zuweisung", exact=True).click()
    page.get_by_role("link", name="Neue Zuweisung").click()
    press(page, "Speichern und veröffentlichen")
    expect(page.get_by_text("Veröffentlicht: Sie gilt jetzt.")).to_be_visible()

    # A lead qualifies while the overview is open.
    page.get_by_role("link", name="Übersicht", exact=True).click()
    newest = page.locator("ol.newest")
    expect(newest.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("link", name="Übersicht", exact=True).focus()
    scored(here, "L-3", 95)
    expect(newest.get_by_role("link", name="Lead 3")).to_be_visible()
    expect(page.get_by_role("link", name="Übersicht", exact=True)).to_be_focused()

    # Why, and whose it is.
    newest.get_by_role("link", name="Lead 3").click()
    expect(page.get_by_role("article", name="Enterprise-Leads")).to_contain_text("engagement 95 ≥ 80: erfüllt")
    expect(page.get_by_text("Marketingqualifiziert").first).to_be_visible()
    expect(page.get_by_text("Sam Seller").first).to_be_visible()

    # Sales rejects it, and the report says so.
    page.get_by_label("lehnt den Lead ab").check()
    page.get_by_label("Grund", exact=True).fill("Student")
    press(page, "Antwort senden")
    expect(page.get_by_text("Vom Vertrieb abgelehnt").first).to_be_visible()
    page.get_by_role("link", name="Annahme", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Student")).to_contain_text("1")
    context.close()
    assert console.terminate() == 0
