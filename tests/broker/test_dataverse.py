"""The Dataverse sink on a real broker, against a server that behaves, and misbehaves, like Dataverse."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.dataverse import Organisation
from tests.support.http_endpoint import CUT_HEAD, NEVER, Raw, Reply, Request
from tests.support.sink import RunningSink
from tests.support.sink_events import BOTH, SELLER

pytestmark = pytest.mark.broker

WRITTEN = {"statecode": 0, "statuscode": 823270000, "msdyncrm_salesready": True}
TOPIC = "lead-qualified"


@pytest.fixture
def org() -> Iterator[Organisation]:
    made = Organisation()
    yield made
    made.endpoint.stop()


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    made = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4)
    yield made
    made.close()


def dynamics(line: CommandLine, org: Organisation, **more: Any) -> RunningSink:
    form = {
        "id": "dynamics",
        "org": org.endpoint.url,
        "token_url": org.endpoint.url + "/token",
        "client_id": "app",
        "client_secret_env": "DYNAMICS_SECRET",
        "timeout": "1s",
        "retry": {"longest": "2s"},
        "circuit": {"failures": 1000},
        **more,
    }
    return RunningSink(line, "dataverse", form, {"DYNAMICS_SECRET": "s3cret&more"})


def qualified(lead_id: str, number: int = 0, **more: Any) -> dict[str, Any]:
    at = {"occurred_at": "2026-11-23T09:30:00Z"}
    return {"event_id": f"{lead_id}/{number}", "lead_id": lead_id, "changes": BOTH, **at, **more}


@pytest.mark.parametrize("concurrent_changes", ["overwrite", "people_first"])
def test_rows_are_updated_through_every_failure_and_none_is_made(
    line: CommandLine, org: Organisation, concurrent_changes: str
) -> None:
    leads = [str(uuid.uuid4()) for _ in range(9)]
    stranger, refused = str(uuid.uuid4()), leads[8]
    for lead in leads:
        org.add(lead)
    failures: dict[str, Reply | Raw] = dict(
        zip(
            leads,
            [
                Reply(500),
                CUT_HEAD,
                NEVER,
                Reply(503, {"Retry-After": "1"}),
                Reply(429, {"Retry-After": "1"}, b'{"error":{"code":"0x80072322","message":"Number of requests"}}'),
                Reply(401),
                Reply(307, {"Location": "http://127.0.0.1:1/"}),
                Reply(412 if concurrent_changes == "people_first" else 409),
            ],
            strict=False,
        )
    )

    def instead(request: Request) -> Reply | Raw | None:
        if refused in request.path:
            return Reply(400, body=b'{"error":{"code":"0x80048408","message":"Anna Secret"}}')
        if request.method == "PATCH":
            return failures.pop(next((lead for lead in failures if lead in request.path), ""), None)
        return None

    org.instead = instead
    sink = dynamics(line, org, concurrent_changes=concurrent_changes)
    assert "answered HTTP 200" in sink.check().fine().out
    process = sink.start()
    for lead in (*leads, stranger, "L-1"):
        sink.send(TOPIC, qualified(lead))
    sink.until(lambda: sink.done(process, count=11))
    assert {lead: org.rows[lead] for lead in leads[:8]} == dict.fromkeys(leads[:8], WRITTEN)
    assert stranger not in org.rows
    assert failures == {}
    assert sink.dead_letters() == {
        f"{refused}/0": "HTTP 400 (0x80048408): Dataverse refuses the update",
        f"{stranger}/0": "HTTP 404 (0x80040217): there is no such lead in Dataverse",
        "L-1/0": "the lead's id is no GUID: set lead_key to the alternate key that holds our ids",
    }
    log = process.log.read_text()
    assert "Anna" not in log
    assert "s3cret" not in log
    assert "token-" not in log


def test_an_expired_token_and_wrong_credentials_lose_nothing(line: CommandLine, org: Organisation) -> None:
    leads = [str(uuid.uuid4()) for _ in range(3)]
    for lead in leads:
        org.add(lead)
    sink = dynamics(line, org, circuit={"failures": 1, "open_for": "1s"}, retry={"attempts": 1})
    process = sink.start()
    sink.send(TOPIC, qualified(leads[0]))
    sink.until(lambda: sink.done(process, count=1))
    org.expire_tokens()
    sink.send(TOPIC, qualified(leads[1]))
    sink.until(lambda: sink.done(process, count=2))
    assert org.tokens_given == 2

    org.expire_tokens()
    refusal = Reply(401, body=b'{"error":"invalid_client"}')
    org.instead = lambda request: refusal if request.path == "/token" else None
    sink.send(TOPIC, qualified(leads[2]))
    sink.until(lambda: process.metric("lead_qualifier_sink_circuit", state="open") == 1)
    sink.until(lambda: any("check tenant" in one["reason"] for one in process.events("delivery_failed")))
    org.instead = lambda _: None
    sink.until(lambda: sink.done(process, count=3))
    assert [org.rows[lead] for lead in leads] == [WRITTEN] * 3
    assert sink.dead_letters() == {}


def test_a_process_killed_between_leaves_every_row_as_it_should_be(line: CommandLine, org: Organisation) -> None:
    leads = [f"L-{number}" for number in range(150)]
    for lead in leads:
        org.add(f"our_id='{lead}'")
    sink = dynamics(line, org, lead_key="our_id", topics=["lead-qualified", "lead-assigned"], concurrency=2)
    for lead in leads:
        sink.send(TOPIC, qualified(lead))
    for lead in leads[:20]:
        sink.send("lead-assigned", qualified(lead, 1, owner={"kind": "seller", "id": SELLER}))
    process = sink.start()
    sink.until(lambda: len(org.requests("PATCH")) > 30)
    process.kill()
    assert any(row["statuscode"] == 1 for row in list(org.rows.values()))
    sink.start()
    owned = f"/systemusers({SELLER})"

    def right(lead: str, number: int) -> bool:
        expected = WRITTEN | ({"ownerid@odata.bind": owned} if number < 20 else {})
        return org.rows[f"our_id='{lead}'"] == expected

    sink.until(lambda: all(right(lead, number) for number, lead in enumerate(leads)), 100)
    assert len(org.rows) == 150
    assert sink.dead_letters() == {}
