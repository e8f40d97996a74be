"""The sender of a webhook against a server of HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lead_qualifier.sinks.answers import Again, Done, Gone, Never, NoAnswer
from lead_qualifier.sinks.http import HttpClient
from lead_qualifier.sinks.webhook.sender import Secrets, Target, WebhookSender
from tests.unit.sinks.endpoint import CUT_BODY, NEVER, Endpoint, Reply
from tests.unit.sinks.events import event


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


@pytest.fixture
def sender(endpoint: Endpoint) -> Iterator[WebhookSender]:
    client = HttpClient(timeout=2)
    where = Target(
        url=endpoint.url + "/hook",
        mode="binary",
        keys=Secrets([b"k" * 32, b"old" * 10]),
        headers=Secrets([("Authorization", "Bearer hidden")]),
        models=frozenset({"enterprise"}),
        source="/lead-qualifier/test",
    )
    assert "hidden>" in repr(where)
    assert "Bearer" not in repr(where)
    yield WebhookSender(where, client)
    client.close()


def test_an_event_is_posted_with_both_signatures(sender: WebhookSender, endpoint: Endpoint) -> None:
    one = event(qualification_model_id="enterprise")
    assert sender(one) == Done()
    (request,) = endpoint.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["authorization"] == "Bearer hidden"
    assert request.headers["idempotency-key"] == request.headers["webhook-id"] == one.idempotency_key
    assert request.headers["webhook-signature"].count("v1,") == 2


def test_an_event_of_another_model_is_left_out_and_one_of_none_is_not(
    sender: WebhookSender, endpoint: Endpoint
) -> None:
    assert sender(event(qualification_model_id="small")) == Done("filtered")
    assert endpoint.requests == []
    assert sender(event("lead-assigned")) == Done()


def test_answers_mean_what_they_say(sender: WebhookSender, endpoint: Endpoint) -> None:
    for status, kind in ((200, Done), (400, Never), (410, Gone), (500, Again), (308, Again)):
        endpoint.behave = lambda _, status=status: Reply(status)  # type: ignore[misc]
        assert isinstance(sender(event()), kind)
    endpoint.behave = lambda _: CUT_BODY
    assert sender(event()) == Done()
    endpoint.behave = lambda _: NEVER
    with pytest.raises(NoAnswer):
        sender(event())


def test_a_ping_tries_the_way(sender: WebhookSender, endpoint: Endpoint) -> None:
    assert sender.ping().status == 204
    assert endpoint.requests[0].headers["ce-type"] == "lead-qualifier.ping"
    assert "webhook-signature" in endpoint.requests[0].headers
