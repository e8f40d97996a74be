"""The client against a server that fails in every way a server can."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.http.client import LONGEST_BODY
from lead_qualifier.http.errors import NoAnswer
from tests.support.http_endpoint import (
    CUT_BODY,
    CUT_HEAD,
    ENDLESS,
    GARBAGE,
    NEVER,
    RESET,
    SLOW_BODY,
    Endpoint,
    Raw,
    Reply,
    unused_port,
)
from tests.support.secured_kafka import make_certificate


@pytest.fixture
def client() -> Iterator[BlockingHttpClient]:
    made = BlockingHttpClient(timeout=0.6)
    yield made
    made.close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


def test_what_is_sent_arrives_and_the_answer_comes_back(client: BlockingHttpClient, endpoint: Endpoint) -> None:
    endpoint.behave = lambda _: Reply(202, {"Retry-After": "5", "Set-Cookie": "a=b"}, b"taken")
    for _ in range(2):
        answer = client.send("POST", endpoint.url + "/a%2Fb?c='d'", {"X-Tenant": "acme"}, b"{}")
    assert (answer.status, answer.body, answer.complete) == (202, b"taken", True)
    assert answer.headers["retry-after"] == "5"
    request = endpoint.requests[1]
    assert (request.method, request.path, request.body) == ("POST", "/a%2Fb?c='d'", b"{}")
    assert request.headers["x-tenant"] == "acme"
    assert "cookie" not in request.headers


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (NEVER, "no answer within 0.6 s"),
        (GARBAGE, "not HTTP"),
        (CUT_HEAD, "closed before an answer"),
        (RESET, "closed before an answer"),
        (Raw(()), "closed before an answer"),
    ],
)
def test_no_answer_says_why(client: BlockingHttpClient, endpoint: Endpoint, behaviour: Raw, reason: str) -> None:
    endpoint.behave = lambda _: behaviour
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=reason):
        client.send("POST", endpoint.url, {"Authorization": "Bearer hidden"}, b"{}")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("behaviour", [CUT_BODY, SLOW_BODY, ENDLESS])
def test_a_body_without_end_is_left_and_the_status_counts(
    client: BlockingHttpClient, endpoint: Endpoint, behaviour: Raw
) -> None:
    endpoint.behave = lambda _: behaviour
    began = time.monotonic()
    answer = client.send("POST", endpoint.url, {}, b"{}")
    assert (answer.status, answer.complete) == (200, False)
    assert len(answer.body) <= LONGEST_BODY
    assert time.monotonic() - began < 3


def test_a_refused_connection_says_so(client: BlockingHttpClient) -> None:
    with pytest.raises(NoAnswer, match="cannot be reached"):
        client.send("POST", f"http://127.0.0.1:{unused_port()}", {}, b"{}")


def test_a_host_that_does_not_exist_says_so(client: BlockingHttpClient) -> None:
    with pytest.raises(NoAnswer):
        client.send("POST", "http://no-such-host.invalid", {}, b"{}")


def test_redirects_are_not_followed(client: BlockingHttpClient, endpoint: Endpoint) -> None:
    with Endpoint() as other:
        endpoint.behave = lambda _: Reply(307, {"Location": other.url})
        assert client.send("POST", endpoint.url, {}, b"{}").status == 307
        assert other.requests == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed")
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_an_unknown_authority_is_not_trusted_and_nothing_is_sent(client: BlockingHttpClient, certificate: Path) -> None:
    with Endpoint(certificate=certificate) as endpoint:
        with pytest.raises(NoAnswer, match="set ca_file"):
            client.send("POST", endpoint.url, {}, b"{}")
        assert endpoint.requests == []


def test_an_authority_of_a_file_is_trusted(certificate: Path) -> None:
    client = BlockingHttpClient(timeout=5, ca_file=certificate)
    with Endpoint(certificate=certificate) as endpoint:
        assert client.send("POST", endpoint.url, {}, b"{}").status == 204
    client.close()
