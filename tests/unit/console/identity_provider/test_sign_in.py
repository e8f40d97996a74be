"""Only whom the identity provider vouches for is let in, with the roles that it gives, and nothing of it is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.console_server import ConsoleServer
from tests.support.console_sign_in import begin, let_pass, settings, sign_in
from tests.support.forging_provider import (
    ANOTHER_KEY,
    CLIENT_ID,
    UNKNOWN_KEY,
    ForgingProvider,
    rsa_key,
    signed_by_the_public_key,
    unsigned,
)
from tests.support.http_endpoint import Reply

Tokens = Callable[[ForgingProvider], Mapping[str, Any] | Reply]


def is_signed_in(client: httpx.Client) -> bool:
    return client.get("/api/v1/session").status_code == 200


def test_who_comes_from_the_provider_is_signed_in(client: httpx.Client, provider: ForgingProvider) -> None:
    opened = client.get("/leads?q=weber%20a&owner=")
    assert opened.headers["location"] == "/sign-in?to=%2Fleads%3Fq%3Dweber%2520a%26owner%3D"
    answer = sign_in(client, provider, opened.headers["location"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads?q=weber%20a&owner=")
    given = answer.headers["set-cookie"].lower()
    assert "httponly" in given
    assert "samesite=lax" in given  # with strict the browser would not send it on the way back from the provider
    told = client.get("/api/v1/session").json()
    assert (told["subject"], told["name"], told["roles"]) == ("U-7", "Erika Beispiel", ["marketer"])
    assert client.get("/leads").status_code == 200
    assert "Erika Beispiel" in client.get("/leads").text


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "/%0d%0aSet-Cookie: a=b"])
def test_signing_in_leads_nowhere_else(to: str, client: httpx.Client, provider: ForgingProvider) -> None:
    answer = sign_in(client, provider, str(httpx.URL("/sign-in", params={"to": to})))
    location = answer.headers["location"]
    assert location in {"/", "/%0d%0aSet-Cookie:%20a=b"}
    assert "a" not in answer.cookies


def test_the_cookie_is_for_this_host_over_tls_only(provider: ForgingProvider, tmp_path: Path) -> None:
    url = "https://leads.example.com"
    with (
        ConsoleServer(tmp_path, settings=settings(provider, console_url=f"{url}:443/")) as server,
        httpx.Client(base_url=server.address, headers={"Host": "leads.example.com"}) as client,
    ):
        answer = client.get("/sign-in")
        sent = {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        assert sent["redirect_uri"] == f"{url}/sign-in/callback"
        provider.nonce, provider.challenge = sent["nonce"], sent["code_challenge"]
        kept = answer.headers["set-cookie"].partition(";")[0]
        answer = client.get(
            "/sign-in/callback", params={"code": "a code", "state": sent["state"]}, headers={"Cookie": kept}
        )
        given = answer.headers["set-cookie"]
        assert given.startswith("__Host-lead-qualifier=")
        assert "Secure" in given
        assert "Path=/" in given
        for host in ("127.0.0.1", "evil.example", "leads.example.com:8443"):
            assert client.get("/signed-out", headers={"Host": host}).status_code == 421
        cookie = {"Cookie": given.partition(";")[0]}
        token = client.get("/api/v1/session", headers=cookie).json()["csrf_token"]
        for origin, status in (("http://leads.example.com", 403), (url, 303)):
            sent = {**cookie, "X-CSRF-Token": token, "Origin": origin}
            assert client.post("/sign-out", headers=sent).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"state": "guessed"},
        {"state": ""},
        {"iss": "https://evil.example"},
        {"error": "access_denied", "error_description": "Erika said no"},
        {"code": "another code"},
    ],
    ids=str,
)
def test_what_comes_back_has_to_fit(change: dict[str, str], client: httpx.Client, provider: ForgingProvider) -> None:
    answer = client.get("/sign-in/callback", params=begin(client, provider) | change)
    assert answer.status_code == 400
    assert "Signing in failed" in answer.text
    assert "Erika" not in answer.text
    assert not is_signed_in(client)


def test_what_one_browser_began_no_other_finishes(client: httpx.Client, provider: ForgingProvider) -> None:
    params = begin(client, provider)
    assert httpx.get(str(client.base_url.join("/sign-in/callback")), params=params).status_code == 400
    with httpx.Client(base_url=client.base_url) as other:
        begin(other, provider)
        assert other.get("/sign-in/callback", params=params).status_code == 400


BAD_ID_TOKENS: dict[str, Tokens] = {
    "no nonce": lambda one: {"id_token": one.id_token(nonce=None)},
    "wrong nonce": lambda one: {"id_token": one.id_token(nonce="replayed")},
    "expired": lambda one: {"id_token": one.id_token(exp=1)},
    "no end": lambda one: {"id_token": one.id_token(exp=None)},
    "of the future": lambda one: {"id_token": one.id_token(iat=99999999999)},
    "wrong audience": lambda one: {"id_token": one.id_token(aud="another")},
    "wrong audience, right party": lambda one: {"id_token": one.id_token(aud="another", azp=CLIENT_ID)},
    "wrong party": lambda one: {"id_token": one.id_token(aud=[CLIENT_ID, "another"], azp="another")},
    "foreign issuer": lambda one: {"id_token": one.id_token(iss="https://evil.example")},
    "no subject": lambda one: {"id_token": one.id_token(sub=None)},
    "wrong signature": lambda one: {"id_token": one.id_token(ANOTHER_KEY)},
    "unknown key": lambda one: {"id_token": one.id_token(UNKNOWN_KEY)},
    "changed": lambda one: {"id_token": one.id_token()[:-6] + "AAAAAA"},
    "alg none": lambda one: {"id_token": unsigned(one.id_token())},
    "alg HS256 by the public key": lambda one: {"id_token": signed_by_the_public_key(one.id_token(), one)},
    "another access token": lambda one: {"access_token": "b", "id_token": one.id_token(at_hash="x" * 22)},
    "no ID token": lambda _: {"access_token": "a"},
    "no token": lambda _: {"id_token": "a.b.c"},
    "refused": lambda _: Reply(400, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}'),
}


@pytest.mark.parametrize("name", BAD_ID_TOKENS)
def test_what_the_provider_has_not_signed_for_us_signs_nobody_in(
    name: str, client: httpx.Client, provider: ForgingProvider
) -> None:
    provider.tokens = lambda: BAD_ID_TOKENS[name](provider)
    assert sign_in(client, provider).status_code == 400
    assert not is_signed_in(client)


@pytest.mark.parametrize("roles", [None, [], ["of another program"], "", 7, {"a": 1}], ids=str)
def test_without_a_role_nobody_is_let_in(roles: object, client: httpx.Client, provider: ForgingProvider) -> None:
    provider.claims["roles"] = roles
    answer = sign_in(client, provider)
    assert answer.status_code == 403
    assert "have no role here" in answer.text
    assert "/sign-in?another=true" in answer.text
    assert "prompt=login" in client.get("/sign-in?another=true").headers["location"]
    assert not is_signed_in(client)


def test_roles_and_name_may_come_with_the_userinfo(
    client: httpx.Client, provider: ForgingProvider, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.claims = {"sub": "U-7"}
    provider.userinfo = {"sub": "U-8", "roles": ["administrator"]}
    assert sign_in(client, provider).status_code == 403  # it is somebody else's
    provider.claims["roles"] = ["viewer"]
    provider.metadata["userinfo_endpoint"] += "-that-is-not-there"
    let_pass(3601, server, monkeypatch)
    assert sign_in(client, provider).status_code == 303  # it would only have told the name
    assert "name" not in client.get("/api/v1/session").json()
    provider.reset()
    provider.claims = {"sub": "U-7"}
    let_pass(3601, server, monkeypatch)
    provider.userinfo = {"sub": "U-7", "name": "Erika Beispiel", "roles": ["operator"]}
    assert sign_in(client, provider).status_code == 303
    told = client.get("/api/v1/session").json()
    assert (told["name"], told["roles"]) == ("Erika Beispiel", ["operator"])


def test_new_keys_of_the_provider_are_found(
    client: httpx.Client, provider: ForgingProvider, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(client, provider).status_code == 303
    provider.key = rsa_key("second")
    provider.keys.append(provider.key)
    assert sign_in(client, provider).status_code == 400  # it was asked for its keys a moment ago
    let_pass(31, server, monkeypatch)
    assert sign_in(client, provider).status_code == 303


@pytest.mark.parametrize("failure", ["away", "another issuer", "nonsense"])
def test_a_provider_that_fails_is_named(failure: str, client: httpx.Client, provider: ForgingProvider) -> None:
    if failure == "away":
        provider.stop()
    elif failure == "nonsense":
        provider.endpoint.behave = lambda _: Reply(200, {}, b"<html>")
    else:
        provider.metadata["issuer"] = "https://evil.example"
    answer = client.get("/sign-in")
    assert answer.status_code == 503
    assert "Identity provider unavailable" in answer.text


def test_signing_out_ends_the_session(client: httpx.Client, provider: ForgingProvider, server: ConsoleServer) -> None:
    sign_in(client, provider)
    token = client.cookies[server.access.cookie.name]
    csrf = client.get("/api/v1/session").json()["csrf_token"]
    assert client.post("/sign-out").status_code == 403
    answer = client.post("/sign-out", data={"csrf": csrf})
    assert answer.headers["location"] == "/signed-out"
    assert server.access.cookie.name not in client.cookies
    assert server.access.sessions.find(token) is None  # whoever has kept the cookie is signed out, too
    page = client.get("/signed-out")
    assert f"{provider.issuer}/end?client_id=console&amp;post_logout_redirect_uri=" in page.text
    provider.stop()
    assert client.get("/signed-out").status_code == 200


def test_a_form_from_before_the_session_ended_is_taken_after_signing_in_again(
    client: httpx.Client, provider: ForgingProvider, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, provider)
    csrf = client.get("/api/v1/session").json()["csrf_token"]
    clock = server.access.sessions._clock
    monkeypatch.setattr(server.access.sessions, "_clock", lambda: clock() + 3601)
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 401
    sign_in(client, provider)
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303


def test_without_a_session_pages_lead_to_the_provider_and_changes_are_refused(client: httpx.Client) -> None:
    assert client.get("/").headers["location"] == "/sign-in?to=%2F"
    assert client.get("/api/v1/leads").json()["code"] == "not_signed_in"
    assert client.get("/api/v1/leads").headers["www-authenticate"] == "Bearer"
    for answer in (client.post("/sign-out"), client.get("/leads", headers={"HX-Request": "true"})):
        assert answer.status_code == 401
        assert "nothing was sent" in answer.text
    assert client.get("/enter?key=guessed").status_code == 404


def test_trying_has_a_limit(client: httpx.Client, provider: ForgingProvider) -> None:
    for _ in range(25):
        assert sign_in(client, provider).status_code == 303  # many people may have one address
    answers = [client.get("/sign-in/callback") for _ in range(21)]
    assert [one.status_code for one in answers[-2:]] == [400, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def test_trying_links_has_a_limit(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server:
        codes = [httpx.get(f"{server.address}/enter?key=guess-{number}").status_code for number in range(21)]
        assert codes == [401] * 20 + [429]


def test_nothing_about_people_and_no_secret_is_logged(
    client: httpx.Client,
    provider: ForgingProvider,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for mine in ("httpx", "httpcore", "uvicorn.access"):  # of the test: the console has others, and logs no access
        caplog.set_level(logging.WARNING, mine)
    with caplog.at_level(logging.DEBUG):
        params = begin(client, provider)
        client.get("/sign-in/callback", params=params)
        client.get("/sign-in/callback", params=params)
        client.get("/sign-in/callback", params=begin(client, provider) | {"code": "secret code"})
        provider.claims["roles"] = []
        sign_in(client, provider)
        client.get("/api/v1/leads", headers={"Authorization": f"Bearer {provider.access_token()}"})
        client.get("/api/v1/leads", headers={"Authorization": "Bearer secret.token.x"})
    said = caplog.text + "".join(capsys.readouterr())
    assert "sign_in_failed" in said
    for secret in ("Erika", "U-7", "a code", "secret", params["state"], provider.nonce, "an access token", "eyJ"):
        assert secret not in said
