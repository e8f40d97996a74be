"""The webhook sink on a real broker, against a server that fails in every way a server can."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.http_endpoint import CUT_HEAD, GARBAGE, NEVER, RESET, Endpoint, Raw, Reply, Request
from tests.support.sink import RunningSink

pytestmark = pytest.mark.broker

KEY = b"0123456789abcdef0123456789abcdef"
OLD_KEY = b"fedcba9876543210fedcba9876543210"
SECRETS = {
    "CRM_SECRET": "whsec_" + base64.b64encode(KEY).decode(),
    "CRM_SECRET_BEFORE": "whsec_" + base64.b64encode(OLD_KEY).decode(),
}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    made = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4)
    yield made
    made.close()


def hook(line: CommandLine, endpoint: Endpoint, **more: Any) -> RunningSink:
    form = {
        "id": "crm",
        "url": endpoint.url + "/leads",
        "topics": ["lead-qualified"],
        "secret_env": "CRM_SECRET",
        "previous_secret_env": "CRM_SECRET_BEFORE",
        "timeout": "1s",
        **more,
    }
    return RunningSink(line, "webhook", form, SECRETS)


def qualified(lead: int, number: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"{lead}/{number}",
        "lead_id": f"L-{lead}",
        "occurred_at": "2026-11-23T09:30:00Z",
        "qualification_model_id": "enterprise",
        "name": "Anna Secret",
        **more,
    }


def check_signature(request: Request) -> None:
    names = request.headers
    content = f"{names['webhook-id']}.{names['webhook-timestamp']}.".encode() + request.body
    assert abs(int(names["webhook-timestamp"]) - time.time()) < 120
    assert names["webhook-signature"].split(" ") == [
        "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in (KEY, OLD_KEY)
    ]


class Receiver:
    """Takes events down as a CRM would, and fails first, each event in another way."""

    def __init__(self, failures: list[Reply | Raw]) -> None:
        self.taken: dict[str, list[str]] = defaultdict(list)
        """Event ids by lead, in the order in which they were taken."""
        self.overtaken: list[str] = []
        """Events that came while another of their lead was under way."""
        self._failures = itertools.cycle(failures) if failures else None
        self._planned: dict[str, Reply | Raw] = {}
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply | Raw:
        lead, event_id = request.json()["lead_id"], request.headers["ce-id"]
        with self._lock:
            self._under_way[lead] += 1
            if self._under_way[lead] > 1:
                self.overtaken.append(event_id)
        try:
            time.sleep(0.02)
            with self._lock:
                if self._failures is not None and event_id not in self._planned:
                    self._planned[event_id] = next(self._failures)
                    return self._planned[event_id]
                if request.json().get("bad"):
                    return Reply(422)
                self.taken[lead].append(event_id)
                return Reply(202, body=b"taken")
        finally:
            with self._lock:
                self._under_way[lead] -= 1


def test_every_event_arrives_signed_and_in_order_through_every_failure(line: CommandLine, endpoint: Endpoint) -> None:
    in_a_second = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    receiver = Receiver(
        [
            Reply(500),
            CUT_HEAD,
            Reply(503, {"Retry-After": "1"}),
            GARBAGE,
            Reply(429, {"Retry-After": in_a_second}),
            RESET,
            Reply(409),
            NEVER,
            Reply(307, {"Location": endpoint.url + "/elsewhere"}),
            Reply(408),
            Reply(425),
        ]
    )
    endpoint.behave = receiver
    # so many failures in a row that the breaker, which has tests of its own, stays out of it
    sink = hook(line, endpoint, circuit={"failures": 1000}, retry={"longest": "2s"}, concurrency=12)
    for number in range(4):
        for lead in range(11):
            sink.send("lead-qualified", qualified(lead, number, bad=(lead, number) == (3, 1)))
    process = sink.start()
    sink.until(lambda: sink.done(process, count=44), 120)

    expected = {f"L-{lead}": [f"{lead}/{number}" for number in range(4)] for lead in range(11)}
    expected["L-3"].remove("3/1")
    assert receiver.taken == expected
    assert receiver.overtaken == []
    assert endpoint.at_once > 1
    assert {request.path for request in endpoint.requests} == {"/leads"}
    for request in endpoint.requests:
        check_signature(request)
        assert request.headers["webhook-id"] == request.headers["idempotency-key"]
        assert request.headers["ce-type"] == "lead-qualifier.lead-qualified"
        assert request.headers["content-type"] == "application/json"
    assert sink.dead_letters() == {"3/1": "HTTP 422: the endpoint refuses the event"}
    assert process.metric("lead_qualifier_sink_attempts_total", sink="crm", outcome="delivered") == 43
    assert process.metric("lead_qualifier_sink_lag_records") == 0
    log = process.log.read_text()
    assert "HTTP 503" in log
    assert "Anna" not in log
    assert not any(secret in log for secret in SECRETS.values())
    assert process.terminate()[0] == 0


def test_the_breaker_opens_while_the_endpoint_is_away_and_loses_nothing(line: CommandLine, endpoint: Endpoint) -> None:
    receiver = Receiver([])
    endpoint.behave = receiver
    sink = hook(
        line, endpoint, circuit={"failures": 3, "open_for": "2s"}, retry={"attempts": 2, "longest": "1s"}, concurrency=2
    )
    process = sink.start()
    sink.send("lead-qualified", qualified(0, 0))
    sink.until(lambda: receiver.taken["L-0"] == ["0/0"])
    endpoint.stop()
    for lead in range(8):
        sink.send("lead-qualified", qualified(lead, 1))

    def circuit(state: str) -> bool:
        return process.metric("lead_qualifier_sink_circuit", state=state) == 1

    sink.until(lambda: circuit("open"))
    time.sleep(3)  # two attempts of each event would have been over long before
    assert process.ready()
    endpoint.start()
    sink.until(lambda: sink.done(process, count=9))
    assert circuit("closed")
    assert sink.dead_letters() == {}
    assert receiver.taken == {
        f"L-{lead}": [f"{lead}/0", f"{lead}/1"] if lead == 0 else [f"{lead}/1"] for lead in range(8)
    }
    states = [(one["before"], one["after"]) for one in process.events("circuit_changed")]
    assert states[0] == ("closed", "open")
    assert ("open", "half_open") in states
    assert states[-1] == ("half_open", "closed")


def test_an_event_that_never_gets_through_is_a_dead_letter_and_its_lead_goes_on(
    line: CommandLine, endpoint: Endpoint
) -> None:
    def behave(request: Request) -> Reply | Raw:
        return Reply(500) if request.json().get("bad") else Reply()

    endpoint.behave = behave
    sink = hook(line, endpoint, retry={"attempts": 3, "longest": "1s"}, circuit={"failures": 100})
    process = sink.start()
    sink.send("lead-qualified", qualified(1, 0, bad=True))
    sink.send("lead-qualified", qualified(1, 1))
    sink.until(lambda: sink.done(process, count=2))
    assert [one.headers["ce-id"] for one in endpoint.requests] == ["1/0"] * 3 + ["1/1"]
    assert sink.dead_letters() == {"1/0": "given up after 3 attempts: HTTP 500"}


def test_events_of_several_leads_with_one_id_are_all_delivered(line: CommandLine, endpoint: Endpoint) -> None:
    receiver = Receiver([])
    endpoint.behave = receiver
    sink = hook(line, endpoint)
    process = sink.start()
    for lead in range(10):
        sink.send("lead-qualified", qualified(lead, 0) | {"event_id": "1"})
    sink.until(lambda: sink.done(process, count=10))
    assert receiver.taken == {f"L-{lead}": ["1"] for lead in range(10)}
    assert len({request.headers["idempotency-key"] for request in endpoint.requests}) == 10


def test_processes_killed_at_any_moment_lose_nothing(line: CommandLine, endpoint: Endpoint) -> None:
    receiver = Receiver([])
    endpoint.behave = receiver
    sink = hook(line, endpoint, concurrency=4)
    expected = {f"L-{lead}": [f"{lead}/{number}" for number in range(12)] for lead in range(20)}
    for number in range(12):
        for lead in range(20):
            sink.send("lead-qualified", qualified(lead, number))

    def taken() -> int:
        return sum(len(dict.fromkeys(events)) for events in list(receiver.taken.values()))

    for kills in range(3):
        process = sink.start()
        sink.until(lambda at=kills: taken() > 30 * (at + 1))  # type: ignore[misc]
        process.kill()
    sink.start()
    sink.until(lambda: taken() == 240, 100)
    first = {lead: list(dict.fromkeys(events)) for lead, events in receiver.taken.items()}
    assert first == expected
    assert sink.dead_letters() == {}


def test_two_processes_share_the_leads_and_keep_their_order(line: CommandLine, endpoint: Endpoint) -> None:
    receiver = Receiver([])
    endpoint.behave = receiver
    sink = hook(line, endpoint)
    processes = [sink.start(), sink.start()]
    sink.until(lambda: all(process.events("partitions assigned") for process in processes))
    for number in range(5):
        for lead in range(20):
            sink.send("lead-qualified", qualified(lead, number))
    sink.until(lambda: sum(len(events) for events in list(receiver.taken.values())) >= 100)
    assert {lead: list(dict.fromkeys(events)) for lead, events in receiver.taken.items()} == {
        f"L-{lead}": [f"{lead}/{number}" for number in range(5)] for lead in range(20)
    }


def test_an_endpoint_that_is_gone_ends_the_sink_and_a_new_start_goes_on(line: CommandLine, endpoint: Endpoint) -> None:
    endpoint.behave = lambda _: Reply(410)
    sink = hook(line, endpoint)
    process = sink.start()
    sink.send("lead-qualified", qualified(1, 0))
    assert process.process.wait(40) == 1
    assert "HTTP 410" in process.log.read_text()
    assert "nothing is lost" in process.log.read_text()
    receiver = Receiver([])
    endpoint.behave = receiver
    sink.start()
    sink.until(lambda: receiver.taken["L-1"] == ["1/0"])
    assert sink.dead_letters() == {}


def test_several_topics_erasures_and_a_filter_in_structured_mode(line: CommandLine, endpoint: Endpoint) -> None:
    sink = hook(
        line, endpoint, topics=["lead-qualified", "lead-changed"], mode="structured", qualification_models=["small"]
    )
    process = sink.start()
    sink.send("lead-qualified", qualified(1, 0))
    sink.send("lead-qualified", qualified(1, 1, qualification_model_id="small"))
    line.send("lead-changed", b"L-1", None)
    sink.until(lambda: sink.done(process, count=3))
    assert process.metric("lead_qualifier_sink_attempts_total", outcome="filtered") == 1
    bodies = {body["type"]: body for body in (json.loads(one.body) for one in endpoint.requests)}
    assert len(endpoint.requests) == len(bodies) == 2
    assert bodies["lead-qualifier.lead-qualified"]["data"]["event_id"] == "1/1"
    erasure = bodies["lead-qualifier.lead-changed"]
    assert (erasure["subject"], "data" in erasure) == ("L-1", False)


def test_a_file_is_checked_and_the_way_tried_without_a_broker(
    line: CommandLine, endpoint: Endpoint, certificate: Path
) -> None:
    sink = hook(line, endpoint)
    away = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    assert "answered HTTP 204" in sink.check(away).fine().out
    check_signature(endpoint.requests[0])
    endpoint.behave = lambda _: Reply(401)
    refused = sink.check(away)
    assert (refused.code, "HTTP 401" in refused.err) == (1, True)
    unset = sink.check({"CRM_SECRET": ""})
    assert (unset.code, "CRM_SECRET (secret_env of the file) is not set" in unset.err) == (1, True)
    assert "Traceback" not in unset.err

    with Endpoint(certificate=certificate) as secure:
        distrusted = hook(line, secure).check(away)
        assert (distrusted.code, "set ca_file" in distrusted.err, secure.requests) == (1, True, [])
        assert hook(line, secure, ca_file=str(certificate)).check(away).code == 0

    sink.file.write_text("id: crm\nurl: http://crm.example.com\ntopics: [lead-qualifed]\nsecret_env: CRM_SECRET\n")
    wrong = sink.check()
    assert wrong.code == 1
    assert "crm.yaml:2: url: is unencrypted: use https" in wrong.err
    assert "crm.yaml:3: topics.0: is not a topic that this sink can send: did you mean lead-qualified?" in wrong.err
