"""The sender of Dataverse against a server that behaves like one, and misbehaves like one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lead_qualifier.consumer import PermanentFailure, RetryLater
from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.http.errors import NoAnswer, NoToken
from lead_qualifier.http.oauth import AccessTokens, ClientCredentials
from lead_qualifier.sinks.dataverse.changes import MARKETING_QUALIFIED, STATUS_REASONS, Mapping
from lead_qualifier.sinks.dataverse.form import COLUMNS, ConcurrentChanges
from lead_qualifier.sinks.dataverse.sender import DataverseSender
from lead_qualifier.sinks.errors import EndpointBusy, EndpointUnavailable
from tests.support.dataverse import Organisation
from tests.support.http_endpoint import CUT_BODY, GARBAGE, NEVER, Raw, Reply, Request
from tests.support.sink_events import BOTH, LEAD, SELLER, event

QUALIFIED = event(changes=BOTH)
WRITTEN = {"statuscode": 823270000, "msdyncrm_salesready": True}
DEEP = b'{"error": {"code": "0x1", "inner": ' + b"[" * 9_000 + b"]" * 9_000 + b"}}"
Make = Callable[..., DataverseSender]


@pytest.fixture
def org() -> Iterator[Organisation]:
    made = Organisation()
    made.add(LEAD)
    yield made
    made.endpoint.stop()


@pytest.fixture
def make(org: Organisation) -> Iterator[Make]:
    clients: list[BlockingHttpClient] = []

    def _make(
        *,
        changes: ConcurrentChanges = "overwrite",
        secret: str = "s3cret&more",
        lead_key: str | None = None,
        timeout: float = 20,
    ) -> DataverseSender:
        client = BlockingHttpClient(timeout=timeout)
        clients.append(client)
        url = org.endpoint.url
        credentials = credentials_at(url, secret)
        assert secret not in repr(credentials)
        mapping = Mapping(
            columns=COLUMNS,
            status_reasons={**STATUS_REASONS, "marketing_qualified": MARKETING_QUALIFIED},
            lead_key=lead_key,
        )
        return DataverseSender(
            f"{url}/api/data/v9.2",
            AccessTokens(credentials, client.asynchronous.send),
            client,
            mapping,
            concurrent_changes=changes,
        )

    yield _make
    for client in clients:
        client.close()


def credentials_at(url: str, secret: str = "s3cret&more") -> ClientCredentials:
    return ClientCredentials(
        token_url=f"{url}/token",
        client_id="app",
        client_secret=secret,
        scope=f"{url}/.default",
        check="check tenant, client_id and the secret",
    )


def failure_of(sender: DataverseSender) -> RetryLater | PermanentFailure:
    try:
        sender(QUALIFIED)
    except (RetryLater, PermanentFailure) as failure:
        return failure
    pytest.fail("the update did not fail")


def when(method: str, reply: Reply | Raw) -> Callable[[Request], Reply | Raw | None]:
    return lambda request: reply if request.method == method and request.path != "/token" else None


@pytest.mark.parametrize("changes", ["people_first", "read_first", "overwrite"])
def test_what_changed_is_written_once_and_again_without_harm(
    org: Organisation, make: Make, changes: ConcurrentChanges
) -> None:
    sender = make(changes=changes)
    assert sender(QUALIFIED) == sender(QUALIFIED) == "delivered"
    assert org.rows[LEAD] == {"statecode": 0, **WRITTEN}
    patches = org.requests("PATCH")
    assert patches[0].json() == WRITTEN
    assert patches[0].headers["odata-version"] == "4.0"
    assert [one.headers["if-match"] for one in patches] == (["*", "*"] if changes == "overwrite" else ['W/"1"'])
    assert org.tokens_given == 1


@pytest.mark.parametrize("changes", ["read_first", "overwrite"])
def test_requests_belong_to_the_trace_of_their_event(org: Organisation, make: Make, changes: ConcurrentChanges) -> None:
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=1"}
    make(changes=changes)(event(changes=BOTH, headers=[(name, text.encode()) for name, text in trace.items()]))
    requests = [*org.requests("GET"), *org.requests("PATCH")]
    assert len(requests) == (2 if changes == "read_first" else 1)
    for request in requests:
        assert trace.items() <= request.headers.items()


def test_only_what_changed_is_sent(org: Organisation, make: Make) -> None:
    make()(event(changes={"sales_ready": BOTH["sales_ready"]}))
    assert org.requests("PATCH")[0].json() == {"msdyncrm_salesready": True}


def test_nothing_to_change_asks_nobody(org: Organisation, make: Make) -> None:
    assert make()(event(changes={})) == "nothing_to_do"
    assert org.endpoint.requests == []


def test_an_alternate_key_names_the_row(org: Organisation, make: Make) -> None:
    org.add("our_id='L%2F1'")
    assert make(lead_key="our_id")(event(lead_id="L/1", changes=BOTH)) == "delivered"
    assert org.rows["our_id='L%2F1'"]["statuscode"] == 823270000


def test_the_owner_is_bound(org: Organisation, make: Make) -> None:
    one = event("lead-assigned", owner={"kind": "seller", "id": SELLER})
    assert make()(one) == "delivered"
    assert org.requests("PATCH")[0].json() == {"ownerid@odata.bind": f"/systemusers({SELLER})"}
    org.rows[LEAD]["_ownerid_value"] = SELLER
    assert make(changes="read_first")(one) == "delivered"
    assert len(org.requests("PATCH")) == 1


def test_a_lead_that_is_not_there_is_never_made(org: Organisation, make: Make) -> None:
    del org.rows[LEAD]
    for changes in ("people_first", "read_first", "overwrite"):
        failure = failure_of(make(changes=changes))
        assert type(failure) is PermanentFailure
        assert failure.reason == "HTTP 404 (0x80040217): there is no such lead in Dataverse"
    assert org.rows == {}


def test_a_closed_lead_is_left_alone_where_the_row_is_read_first(org: Organisation, make: Make) -> None:
    org.changed_by_others(LEAD, statecode=1, statuscode=3)
    assert isinstance(failure_of(make(changes="read_first")), PermanentFailure)
    assert org.requests("PATCH") == []


def test_a_row_that_changed_meanwhile_is_read_again(org: Organisation, make: Make) -> None:
    others: Iterator[dict[str, Any]] = iter([{"subject": "a"}, {"msdyncrm_salesready": True}])

    def meanwhile(request: Request) -> None:
        if request.method == "PATCH" and (change := next(others, None)):
            org.changed_by_others(LEAD, **change)

    org.instead = meanwhile
    assert make(changes="read_first")(QUALIFIED) == "delivered"
    assert [one.json() for one in org.requests("PATCH")] == [WRITTEN, WRITTEN, {"statuscode": 823270000}]
    assert org.rows[LEAD] == {"statecode": 0, "subject": "a", **WRITTEN}


def test_what_people_have_changed_since_the_decision_stands(org: Organisation, make: Make) -> None:
    org.changed_by_others(LEAD, statuscode=2)
    assert make(changes="people_first")(QUALIFIED) == "delivered"
    assert org.rows[LEAD] == {"statecode": 0, "statuscode": 2, "msdyncrm_salesready": True}
    assert make(changes="people_first")(event(changes={"status_reason": BOTH["status_reason"]})) == "overruled"
    assert make(changes="read_first")(QUALIFIED) == "delivered"
    assert org.rows[LEAD] == {"statecode": 0, **WRITTEN}


def test_a_person_who_is_faster_than_our_update_is_noticed(org: Organisation, make: Make) -> None:
    others: Iterator[dict[str, Any]] = iter([{"statuscode": 2}])

    def meanwhile(request: Request) -> None:
        if request.method == "PATCH" and (change := next(others, None)):
            org.changed_by_others(LEAD, **change)

    org.instead = meanwhile
    assert make(changes="people_first")(QUALIFIED) == "delivered"
    assert org.rows[LEAD] == {"statecode": 0, "statuscode": 2, "msdyncrm_salesready": True}


def test_an_owner_whom_people_have_named_since_the_decision_stays(org: Organisation, make: Make) -> None:
    one = event("lead-assigned", owner={"kind": "seller", "id": SELLER}, previous_owner_id=LEAD)
    org.rows[LEAD]["_ownerid_value"] = LEAD.upper()
    assert make(changes="people_first")(one) == "delivered"
    org.rows[LEAD]["_ownerid_value"] = "00000000-0000-0000-0000-000000000001"
    assert make(changes="people_first")(one) == "overruled"


def test_a_row_that_never_stands_still_is_tried_later(org: Organisation, make: Make) -> None:
    org.instead = when("PATCH", Reply(412))
    failure = failure_of(make(changes="read_first"))
    assert type(failure) is RetryLater
    assert failure.counts


def test_an_expired_token_is_replaced_once(org: Organisation, make: Make) -> None:
    sender = make()
    sender(QUALIFIED)
    org.expire_tokens()
    assert sender(QUALIFIED) == "delivered"
    assert org.tokens_given == 2
    org.instead = when("PATCH", Reply(401))
    failure = failure_of(sender)
    assert isinstance(failure, EndpointUnavailable)
    assert "application user" in failure.reason
    assert org.tokens_given == 3


def test_wrong_credentials_lose_nothing_and_say_what_to_look_at(org: Organisation, make: Make) -> None:
    with pytest.raises(NoToken) as refused:
        make(secret="wrong")(QUALIFIED)
    assert "HTTP 400, invalid_client: check tenant, client_id and the secret" in str(refused.value)
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, body=b"<html>"),
        Reply(200, body=b"{}"),
        Reply(200, body=b'{"access_token":"a\\nb"}'),
        Reply(200, body=b'{"access_token":"","expires_in":1}'),
        Reply(200, body=b'{"access_token":"a","expires_in":"soon"}'),
        Reply(200, body=DEEP),
        Reply(503),
        Reply(403, body=b'{"error":"\xfc"}'),
        Reply(502, body=DEEP),
        CUT_BODY,
        GARBAGE,
        NEVER,
    ],
)
def test_what_is_no_token_is_not_used(org: Organisation, make: Make, reply: Reply | Raw) -> None:
    org.instead = lambda request: reply if request.path == "/token" else None
    sender = make(timeout=0.6 if reply is NEVER else 20)
    with pytest.raises(NoToken, match="no token"):
        sender.who_am_i()
    with pytest.raises(NoToken):
        sender(QUALIFIED)
    assert org.requests("PATCH") == []


def test_the_token_endpoint_may_ask_for_time(org: Organisation, make: Make) -> None:
    org.instead = lambda request: Reply(429, {"Retry-After": "9"}) if request.path == "/token" else None
    with pytest.raises(NoToken) as refused:
        make()(QUALIFIED)
    assert refused.value.retry_after == 9


def test_a_token_is_kept_until_shortly_before_it_expires(org: Organisation) -> None:
    client = BlockingHttpClient(timeout=5)
    now = [1000.0]
    tokens = AccessTokens(credentials_at(org.endpoint.url), client.asynchronous.send, clock=lambda: now[0])

    def token(refused: str | None = None) -> str:
        return client.run(tokens.token(refused=refused))

    assert token() == token() == "token-1"
    now[0] += 3299
    assert token() == "token-1"
    now[0] += 1
    assert token() == "token-2"
    assert token(refused="token-1") == "token-2"
    org.expires_in = 100
    assert token(refused="token-2") == "token-3"
    now[0] += 49
    assert token() == "token-3"
    now[0] += 1
    assert token() == "token-4"
    client.close()


@pytest.mark.parametrize("status", [400, 403, 405, 413])
def test_a_refusal_is_a_dead_letter_with_its_code_and_without_its_text(
    org: Organisation, make: Make, status: int
) -> None:
    body = b'{"error":{"code":"0x80048408","message":"Anna Secret is not open"}}'
    org.instead = when("PATCH", Reply(status, body=body))
    with pytest.raises(PermanentFailure, match=rf"^HTTP {status} \(0x80048408\): Dataverse refuses the update$"):
        make()(QUALIFIED)
    org.instead = when("PATCH", Reply(status, body=DEEP))
    with pytest.raises(PermanentFailure, match=f"^HTTP {status}: Dataverse refuses the update$"):
        make()(QUALIFIED)


@pytest.mark.parametrize(("status", "kind"), [(429, EndpointBusy), (503, EndpointUnavailable)])
def test_service_protection_limits_are_honoured(
    org: Organisation, make: Make, status: int, kind: type[RetryLater]
) -> None:
    org.instead = when("PATCH", Reply(status, {"Retry-After": "14"}, b'{"error":{"code":"0x80072322"}}'))
    failure = failure_of(make())
    assert type(failure) is kind
    assert failure.seconds == 14
    assert "0x80072322" in failure.reason


@pytest.mark.parametrize("status", [301, 307, 408, 409, 500, 502])
def test_what_passes_is_tried_again(org: Organisation, make: Make, status: int) -> None:
    org.instead = when("PATCH", Reply(status, {"Location": "http://127.0.0.1:1/"}))
    assert isinstance(failure_of(make()), RetryLater)


@pytest.mark.parametrize("reply", [GARBAGE, NEVER])
def test_no_answer_is_raised_as_one(org: Organisation, make: Make, reply: Raw) -> None:
    org.instead = when("PATCH", reply)
    with pytest.raises(NoAnswer):
        make(timeout=0.6)(QUALIFIED)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"{}", b'{"@odata.etag":5}', b'{"@odata.etag":"a\\r\\nb"}', b'"\xfc"', DEEP]
)
def test_what_is_no_row_is_not_trusted(org: Organisation, make: Make, body: bytes) -> None:
    org.instead = when("GET", Reply(200, body=body))
    with pytest.raises(NoAnswer, match="not a row"):
        make(changes="read_first")(QUALIFIED)
    assert org.requests("PATCH") == []


def test_the_connection_can_be_tested(make: Make) -> None:
    assert make().who_am_i().status == 200
