"""Only whom the identity provider vouches for is let in, with the roles that it gives, and nothing of it is logged."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey

from lead_qualifier.settings import Settings, load_settings
from tests.support.console_server import ConsoleServer
from tests.support.forging_provider import (
    AUDIENCE,
    CLIENT_ID,
    CLIENT_SECRET,
    ForgingProvider,
    rsa_key,
    signed_by_the_public_key,
    unsigned,
)
from tests.support.http_endpoint import Reply

ANOTHER_KEY, UNKNOWN_KEY = rsa_key("first"), rsa_key("unknown")
"""The first has the id of the provider's own."""

Tokens = Callable[[ForgingProvider], Mapping[str, Any] | Reply]


def settings(provider: ForgingProvider, **more: Any) -> Settings:
    return load_settings(
        **{
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_audience": AUDIENCE,
            **more,
        }
    )


@pytest.fixture(scope="module")
def forging() -> Iterator[ForgingProvider]:
    provider = ForgingProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def shared(forging: ForgingProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path_factory.mktemp("console"), settings=settings(forging)) as running:
        yield running


@pytest.fixture
def provider(forging: ForgingProvider) -> ForgingProvider:
    """As it should be."""
    forging.reset()
    return forging


@pytest.fixture
def server(shared: ConsoleServer, provider: ForgingProvider) -> ConsoleServer:
    """A console that has not asked the provider yet, and that nobody has tried to enter."""
    for kept in kept_of(shared):
        kept._held, kept._read_at, kept._failed_at = None, -math.inf, -math.inf
    shared.access.attempts._counts.clear()
    return shared


@pytest.fixture
def client(server: ConsoleServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address) as client:
        yield client


def kept_of(server: ConsoleServer) -> list[Any]:
    sign_in = server.access.sign_in
    assert sign_in is not None
    return [sign_in._provider._metadata, sign_in._provider._keys]


def let_pass(seconds: float, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what the console keeps of its provider."""
    for kept in kept_of(server):
        clock = kept._clock
        monkeypatch.setattr(kept, "_clock", partial(lambda before: before() + seconds, clock))


def begin(client: httpx.Client, provider: ForgingProvider, address: str = "/sign-in") -> dict[str, str]:
    """What a browser would bring back if the provider let it."""
    answer = client.get(address)
    assert answer.status_code == 303
    sent = {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    provider.nonce, provider.challenge = sent["nonce"], sent["code_challenge"]
    assert sent["response_type"] == "code"
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == f"{str(client.base_url).rstrip('/')}/sign-in/callback"
    return {"code": "a code", "state": sent["state"]}


def sign_in(client: httpx.Client, provider: ForgingProvider, address: str = "/sign-in") -> httpx.Response:
    return client.get("/sign-in/callback", params=begin(client, provider, address))


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


def test_every_kind_of_key_that_only_a_provider_can_have_counts(
    client: httpx.Client, provider: ForgingProvider
) -> None:
    elliptic = ECKey.generate_key("P-256", {"kid": "elliptic"})
    edwards = OKPKey.generate_key("Ed25519", {"kid": "edwards"})
    published = [*(key.as_dict(private=False) for key in (provider.key, elliptic, edwards)), {"kty": "of tomorrow"}]
    provider.published = lambda: published
    for key, algorithm in ((elliptic, "ES256"), (edwards, "EdDSA"), (provider.key, "PS256")):
        token = provider.access_token(key, {"alg": algorithm})
        assert bearer(client, token).status_code == 200, algorithm


def test_what_is_known_of_a_provider_counts_while_it_is_away(
    client: httpx.Client, provider: ForgingProvider, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bearer(client, provider.access_token()).status_code == 200
    provider.stop()
    let_pass(3601, server, monkeypatch)
    assert bearer(client, provider.access_token()).status_code == 200
    assert bearer(client, provider.access_token(UNKNOWN_KEY)).status_code == 401


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


def bearer(client: httpx.Client, token: str, method: str = "GET", path: str = "/api/v1/session") -> httpx.Response:
    return client.request(method, path, headers={"Authorization": f"Bearer {token}"})


def test_a_token_of_the_provider_opens_the_api(client: httpx.Client, provider: ForgingProvider) -> None:
    told = bearer(client, provider.access_token(sub="robot", name=None, roles=["operator"])).json()
    assert (told["subject"], told["roles"], "csrf_token" in told) == ("robot", ["operator"], False)
    # A change needs no other token, as no browser sends this one by itself.
    assert bearer(client, provider.access_token(), "POST", "/api/v1/leads").status_code == 405


BAD_API_TOKENS: dict[str, Callable[[ForgingProvider], str]] = {
    "expired": lambda one: one.access_token(exp=1),
    "no end": lambda one: one.access_token(exp=None),
    "not yet": lambda one: one.access_token(nbf=99999999999),
    "wrong audience": lambda one: one.access_token(aud="another"),
    "for signing in": lambda one: one.access_token(aud=CLIENT_ID),
    "no audience": lambda one: one.access_token(aud=None),
    "foreign issuer": lambda one: one.access_token(iss="https://evil.example"),
    "no subject": lambda one: one.access_token(sub=None),
    "wrong signature": lambda one: one.access_token(ANOTHER_KEY),
    "unknown key": lambda one: one.access_token(UNKNOWN_KEY),
    "alg none": lambda one: unsigned(one.access_token()),
    "alg HS256 by the public key": lambda one: signed_by_the_public_key(one.access_token(), one),
    "no token": lambda _: "a.b.c",
    "header of a wrong form": lambda _: "eyJhbGciOiJSUzI1NiIsImNyaXQiOjF9.e30.AAAA",  # {"alg":"RS256","crit":1}
}


@pytest.mark.parametrize("name", BAD_API_TOKENS)
def test_other_tokens_open_nothing(name: str, client: httpx.Client, provider: ForgingProvider) -> None:
    sign_in(client, provider)  # with a bearer token, the cookie does not count
    answer = bearer(client, BAD_API_TOKENS[name](provider))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_without_a_role_opens_nothing(client: httpx.Client, provider: ForgingProvider) -> None:
    answer = bearer(client, provider.access_token(roles=["of another program"]))
    assert (answer.status_code, answer.json()["code"]) == (403, "no_role")


def test_tokens_need_an_audience(provider: ForgingProvider, tmp_path: Path) -> None:
    given = settings(provider, oidc_audience=None)
    with ConsoleServer(tmp_path, settings=given) as server, httpx.Client(base_url=server.address) as client:
        answer = bearer(client, provider.access_token())
    assert (answer.status_code, answer.json()["code"]) == (401, "tokens_not_accepted")
