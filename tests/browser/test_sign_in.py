"""People sign in at a real provider, in a real browser, and are who they say there, until they sign out."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.support.console_pages import axe_findings, width_of
from tests.support.console_server import ConsoleServer
from tests.support.npm import install
from tests.support.oidc_provider import PACKAGE, OidcProvider


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    folder = tmp_path_factory.mktemp("provider")
    install(PACKAGE, folder)
    with OidcProvider(folder) as provider:
        yield provider


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path_factory.mktemp("console"), settings=provider.settings()) as running:
        provider.start(running.address)
        yield running


@pytest.fixture
def context(browser: Browser, server: ConsoleServer) -> Iterator[BrowserContext]:
    """A browser that nobody has used before."""
    server.access.attempts._counts.clear()
    context = browser.new_context(locale="de-DE", base_url=server.address)
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: ConsoleServer) -> Iterator[Page]:
    """A page on which those of the console break no policy; the provider's do."""
    page = context.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.location["url"].startswith(server.address) and "status of 40" not in message.text:
            complaints.append(message.text)

    page.on("console", complain)
    yield page
    page.close()
    assert complaints == []


def sign_in(page: Page, login: str) -> None:
    """On the provider's pages, which ask who it is, and whether the console may know."""
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()


def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_again(page: Page, server: ConsoleServer) -> None:
    page.goto("/leads?q=weber")
    assert page.url.startswith("http://localhost:")
    sign_in(page, "anna.marketer")
    expect(page).to_have_url(f"{server.address}/leads?q=weber")
    expect(page.locator("header .person")).to_contain_text("Name of anna.marketer")
    told = page.request.get("/api/v1/session").json()
    assert (told["subject"], told["roles"]) == ("anna.marketer", ["marketer"])
    [cookie] = [one for one in page.context.cookies() if one["name"] == server.access.cookie.name]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.reload()
    expect(page.locator("header .person")).to_be_visible()

    page.get_by_role("button", name="Abmelden").press("Enter")  # a plain form: its origin and its token are right
    expect(page).to_have_url(f"{server.address}/signed-out")
    expect(page.locator("header .person")).to_have_count(0)
    link = page.get_by_role("link", name="Auch dort abmelden")
    assert "client_id=console" in str(link.get_attribute("href"))
    page.goto("/leads")  # the provider still knows the browser, and says so without asking
    expect(page).to_have_url(f"{server.address}/leads")
    page.get_by_role("button", name="Abmelden").click()
    link.click()
    page.locator("button[value=yes]").click()
    expect(page).to_have_url(f"{server.address}/signed-out")
    page.goto("/leads")
    expect(page.locator("input[name=login]")).to_be_visible()


def test_who_has_no_role_is_told_so_and_may_come_as_somebody_else(page: Page, server: ConsoleServer) -> None:
    page.goto("/")
    sign_in(page, "nobody")
    expect(page.get_by_role("heading", name="Keine Rolle")).to_be_visible()
    assert page.request.get("/api/v1/leads", max_redirects=0).status == 401
    page.get_by_role("link", name="Als jemand anderes anmelden").click()
    sign_in(page, "berta.viewer")
    expect(page).to_have_url(f"{server.address}/")
    expect(page.locator("header .person")).to_contain_text("Name of berta.viewer")


def test_pages_of_signing_in_and_out(page: Page, axe: str, server: ConsoleServer) -> None:
    for address, status in (("/signed-out", 200), ("/sign-in/callback?error=access_denied", 400)):
        for width in (1120, 320):
            page.set_viewport_size({"width": width, "height": 620})
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == status
            assert width_of(page) <= width
        assert axe_findings(page, axe) == []


def test_a_program_uses_a_token_of_the_provider(server: ConsoleServer, provider: OidcProvider) -> None:
    headers = {"Authorization": f"Bearer {provider.token_of_the_robot()}"}
    told = httpx.get(f"{server.address}/api/v1/session", headers=headers).json()
    assert (told["subject"], told["roles"]) == ("robot.operator", ["operator"])
