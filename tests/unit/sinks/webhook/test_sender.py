"""The sender of a webhook against a server of HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lead_qualifier.consumer import EndpointGone, PermanentFailure
from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.http.errors import NoAnswer
from lead_qualifier.sinks.errors import EndpointUnavailable
from lead_qualifier.sinks.webhook.sender import Secrets, Target, WebhookSender
from tests.support.http_endpoint import CUT_BODY, NEVER, Endpoint, Reply
from tests.support.sink_events import event


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


@pytest.fixture
def sender(endpoint: Endpoint) -> Iterator[WebhookSender]:
    client = BlockingHttpClient(timeout=2)
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
    assert sender(one) == "delivered"
    (request,) = endpoint.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["authorization"] == "Bearer hidden"
    assert request.headers["idempotency-key"] == request.headers["webhook-id"] == one.idempotency_key
    assert request.headers["webhook-signature"].count("v1,") == 2


def test_a_request_belongs_to_the_trace_of_its_event(sender: WebhookSender, endpoint: Endpoint) -> None:
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=1"}
    sender(event("lead-assigned", headers=[(name, text.encode()) for name, text in trace.items()]))
    sender(event("lead-assigned"))
    traced, untraced = endpoint.requests
    assert trace.items() <= traced.headers.items()
    assert not trace.keys() & untraced.headers.keys()


def test_an_event_of_another_model_is_left_out_and_one_of_none_is_not(
    sender: WebhookSender, endpoint: Endpoint
) -> None:
    assert sender(event(qualification_model_id="small")) == "filtered"
    assert endpoint.requests == []
    assert sender(event("lead-assigned")) == "delivered"


def test_answers_mean_what_they_say(sender: WebhookSender, endpoint: Endpoint) -> None:
    endpoint.behave = lambda _: Reply(200)
    assert sender(event()) == "delivered"
    for status, kind in (
        (400, PermanentFailure),
        (410, EndpointGone),
        (500, EndpointUnavailable),
        (308, EndpointUnavailable),
    ):
        endpoint.behave = lambda _, status=status: Reply(status)  # type: ignore[misc]
        with pytest.raises(kind):
            sender(event())
    endpoint.behave = lambda _: CUT_BODY
    assert sender(event()) == "delivered"
    endpoint.behave = lambda _: NEVER
    with pytest.raises(NoAnswer):
        sender(event())


def test_a_ping_tests_the_connection(sender: WebhookSender, endpoint: Endpoint) -> None:
    assert sender.ping().status == 204
    assert endpoint.requests[0].headers["ce-type"] == "lead-qualifier.ping"
    assert "webhook-signature" in endpoint.requests[0].headers
