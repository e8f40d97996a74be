"""What Dataverse's webhook says becomes the messages that the CRM would send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from lead_qualifier.client.inbound.dataverse.context import read_context
from lead_qualifier.client.inbound.dataverse.conversion import Conversion
from lead_qualifier.client.lead_import.map_form import read_map
from lead_qualifier.console.api.dataverse import Dataverse, NotConfigured
from lead_qualifier.console.api.events import Events
from lead_qualifier.messages.decode import ErasedLead, decode_lead_changed
from lead_qualifier.messages.errors import BadMessage
from tests.support.console_records import NOON
from tests.support.console_server import WEBHOOK_KEY, ConsoleServer, FakeTopics
from tests.support.dataverse_contexts import LEAD, changed, choice, context, entity, money, pairs, reference, time
from tests.support.openapi import check

PATH = "/api/v1/inbound/dataverse"
OTHER = "7e92608f-0f9f-4711-8122-000d3aa2331c"


class Webhook:
    """Posts contexts as Dataverse does, and checks each answer against the API's document."""

    def __init__(self, server: ConsoleServer) -> None:
        self.topics = server.topics
        self._client = httpx.Client(base_url=server.address)  # not signed in
        self._document = self._client.get("/api/v1/openapi.json").json()

    def post(self, body: Any, **more: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).replace("/", "\\/").encode()
        answer = self._client.post(PATH, content=content, **({"params": {"code": WEBHOOK_KEY}} | more))
        check(self._document, answer, PATH)
        return answer

    def sent(self, body: Any, **more: Any) -> list[dict[str, Any]]:
        """The messages that a context becomes, without the ids of their events; `erased` for those without value."""
        self.topics.records.clear()
        answer = self.post(body, **more)
        assert answer.status_code == 202, answer.text
        said = []
        for one in self.topics.records:
            message = {"erased": (one.key or b"").decode()} if one.value is None else json.loads(one.value)
            message.pop("event_id", None)
            said.append({"topic": one.topic.name, **message})
        return said


@pytest.fixture(scope="module")
def running(server: ConsoleServer) -> Webhook:
    return Webhook(server)


@pytest.fixture
def webhook(running: Webhook) -> Webhook:
    running.topics.records.clear()
    running.topics.away = None
    return running


def lead_changed(**fields: Any) -> list[dict[str, Any]]:
    at = "2026-11-23T12:00:00Z"
    return [{"topic": "lead-changed", "lead_id": LEAD, "occurred_at": at, **fields}]


def test_a_new_lead(webhook: Webhook) -> None:
    said = webhook.sent(
        changed(
            message="Create",
            statecode=choice(0),
            statuscode=choice(1),
            msdyncrm_salesready=False,
            ownerid=reference("U-4", "systemuser"),
            parentcontactid=reference("C-7", "contact"),
            companyname="Straßenbau & Söhne",
            revenue=money(1200000.5),
            numberofemployees=40,
            createdon=time(),
            leadsourcecode=choice(3),
            firstname="Anna",
            participatesinworkflow=False,
        )
    )
    assert said == lead_changed(
        status="open",
        status_reason="new",
        sales_ready=False,
        owner_id="U-4",
        contact_id="C-7",
        attributes={
            "company": "Straßenbau & Söhne",
            "created_on": "2026-11-23T12:00:00Z",
            "employees": 40,
            "revenue": 1200000.5,
            "source": "3",
        },
    )


def test_of_an_update_only_what_changed(webhook: Webhook) -> None:
    image = entity(statuscode=choice(1), msdyncrm_salesready=False, companyname="before")
    said = webhook.sent(changed(statuscode=choice(823270000), parentcontactid=None, companyname=None, image=image))
    assert said == lead_changed(status_reason="marketing_qualified", contact_id=None, attributes={"company": None})


def test_a_change_of_nothing_that_is_mapped_sends_nothing(webhook: Webhook) -> None:
    assert webhook.sent(changed(description="x")) == []


def test_states_and_owners_by_messages_of_their_own(webhook: Webhook) -> None:
    moniker = reference(LEAD)
    said = webhook.sent(context("SetState", EntityMoniker=moniker, State=choice(2), Status=choice(4)))
    assert said == lead_changed(status="disqualified", status_reason="lost")
    image = entity(statuscode=choice(1), modifiedon=time(NOON + timedelta(seconds=1)))
    said = webhook.sent(
        context("SetStateDynamicEntity", EntityMoniker=moniker, State=choice(0), Status=choice(-1), image=image)
    )
    assert (said == lead_changed(status="open", status_reason="new") and said) or said[0]["occurred_at"].endswith("01Z")
    said = webhook.sent(context("Assign", Target=moniker, Assignee=reference("U-5", "systemuser")))
    assert said == lead_changed(owner_id="U-5")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (0, {"status": "open", "status_reason": "new"}),
        (1, {"status": "qualified", "status_reason": "qualified"}),
        (2, {"status": "disqualified", "status_reason": "lost"}),
    ],
)
def test_an_image_of_before_dates_nothing_and_has_no_new_status_reason(
    webhook: Webhook, state: int, said: dict[str, str]
) -> None:
    before = entity(statuscode=choice(2), modifiedon=time(NOON - timedelta(days=5)))
    body = context("SetState", EntityMoniker=reference(LEAD), State=choice(state), Status=choice(-1), before=before)
    assert webhook.sent(body) == lead_changed(**said)


def test_an_image_of_after_counts_whatever_the_one_of_before_says(webhook: Webhook) -> None:
    body = context(
        "SetState",
        EntityMoniker=reference(LEAD),
        State=choice(0),
        Status=choice(-1),
        before=entity(statuscode=choice(3), modifiedon=time(NOON - timedelta(days=5))),
        image=entity(statuscode=choice(2), modifiedon=time(NOON + timedelta(seconds=1))),
    )
    said = {"status": "open", "status_reason": "contacted", "occurred_at": "2026-11-23T12:00:01Z"}
    assert webhook.sent(body) == [{"topic": "lead-changed", "lead_id": LEAD, **said}]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "new"),
        ({"statuscode": None}, "new"),
        ({"statuscode": choice(-1)}, "new"),
        ({"before": entity(statuscode=choice(3))}, "new"),
        ({"image": entity(statuscode=choice(2))}, "contacted"),
        ({"statuscode": choice(5), "image": entity(statuscode=choice(2))}, "cannot_contact"),
    ],
)
def test_an_update_of_the_state_alone_has_its_status_reason(webhook: Webhook, given: Any, reason: str) -> None:
    said = webhook.sent(changed(statecode=choice(0), **given))
    assert said == lead_changed(status="open", status_reason=reason)


def test_a_merge_names_loser_and_survivor(webhook: Webhook) -> None:
    merge = context("Merge", OTHER, Target=reference(OTHER), SubordinateId=LEAD.upper(), UpdateContent=entity(OTHER))
    said = webhook.sent(merge)
    assert said == [
        {"topic": "lead-merged", "lead_id": LEAD, "survivor_id": OTHER, "occurred_at": "2026-11-23T12:00:00Z"}
    ]
    assert webhook.topics.records[0].key == LEAD.encode()


def test_a_deletion_erases(webhook: Webhook) -> None:
    assert webhook.sent(context("Delete", Target=reference(LEAD))) == [{"topic": "lead-changed", "erased": LEAD}]
    stripped = context("Delete")
    del stripped["InputParameters"], stripped["PostEntityImages"], stripped["PreEntityImages"]
    said = webhook.sent(stripped, headers={"x-ms-dynamics-msg-size-exceeded": "true"})
    assert said == [{"topic": "lead-changed", "erased": LEAD}]
    (record,) = webhook.topics.records
    assert decode_lead_changed(record.key, record.value) == ErasedLead(LEAD)


def test_a_context_that_comes_twice_is_the_same_event(webhook: Webhook) -> None:
    for body in (changed(statuscode=choice(2)), context("Merge", Target=reference(OTHER), SubordinateId=LEAD)):
        webhook.topics.records.clear()
        webhook.post(body)
        webhook.post(body | {"OperationId": OTHER, "CorrelationId": OTHER})
        first, second = webhook.topics.records
        assert first == second


@pytest.mark.parametrize(
    ("body", "status", "parameter"),
    [
        (changed(statuscode=choice(100000001)), 422, "statuscode"),
        (changed(modifiedon="yesterday", statecode=choice(0)), 422, "modifiedon"),
        (changed(at=NOON.replace(year=2199), statecode=choice(0)), 422, "modifiedon"),
        (changed() | {"PrimaryEntityName": "contact"}, 422, "PrimaryEntityName"),
        (changed() | {"MessageName": "Retrieve"}, 422, "MessageName"),
        (context("Update"), 422, "InputParameters"),
        (context("Update", Target=reference(LEAD)), 422, "InputParameters"),
        (context("Merge", Target=reference(LEAD)), 422, "InputParameters"),
        (context("Merge", Target=reference(LEAD), SubordinateId=LEAD), 422, "survivor_id"),
        (context("Delete") | {"PrimaryEntityId": ""}, 422, "PostEntityImages"),
        ({"Target": 1}, 422, None),
        (b"{", 422, None),
        (b"\xff", 422, None),
        (b'{"MessageName":' + b"[" * 9_999, 422, None),
        (b" " * ((1 << 20) + 1), 413, None),
    ],
)
def test_what_is_wrong_is_said_and_nothing_sent(webhook: Webhook, body: Any, status: int, parameter: str) -> None:
    answer = webhook.post(body)
    assert (answer.status_code, answer.json().get("parameter")) == (status, parameter), answer.text
    assert webhook.topics.records == []


def test_a_context_without_what_changed_is_refused(webhook: Webhook) -> None:
    stripped = changed(statuscode=choice(2)) | {"InputParameters": None, "PostEntityImages": None}
    answer = webhook.post(stripped, headers={"x-ms-dynamics-msg-size-exceeded": "true"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_values_of_no_known_kind_are_left_alone(webhook: Webhook) -> None:
    odd = {"__type": "EntityCollection:x", "Entities": []}
    body = changed(companyname=odd, subject=[odd], statecode={"Value": 0}, jobtitle=[choice(1), choice(2)])
    body["InputParameters"] += [{"key": "Other", "value": [1]}]
    body["PostEntityImages"] = pairs({"odd": 3, "other": {"Attributes": [3, {"key": 4}, {"value": 5}]}})
    assert webhook.sent(body) == lead_changed(status="open", status_reason="new", attributes={"job_title": "1,2"})


@pytest.mark.parametrize("given", [{}, {"params": {"code": "wrong"}}, {"headers": {"x-webhook-key": "ü".encode()}}])
def test_it_takes_the_key(webhook: Webhook, given: dict[str, Any]) -> None:
    more = {"params": {}} | given
    assert webhook.post(changed(statecode=choice(0)), **more).status_code == 401
    assert webhook.topics.records == []


def test_the_key_may_be_a_header(webhook: Webhook) -> None:
    more = {"params": {}, "headers": {"x-webhook-key": WEBHOOK_KEY}}
    assert webhook.post(changed(statecode=choice(0)), **more).status_code == 202


def test_a_broker_that_is_away_makes_dataverse_try_again(webhook: Webhook) -> None:
    webhook.topics.away = 0
    assert webhook.post(changed(statecode=choice(0))).status_code == 503  # the status after which it tries again


def test_leads_by_a_key_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text("lead_id: new_leadnumber\noccurred_at: modifiedon\nattributes: {topic: subject}\n")
    conversion = Conversion(read_map(file), time_tolerance=timedelta(hours=1))

    def records(body: Any) -> Any:
        return conversion.records_of(read_context(json.dumps(body).encode(), now=datetime.now(UTC)))

    image = entity(new_leadnumber="L-1001", subject="before")
    (record,) = records(changed(subject="after", image=image))
    assert (record.key, json.loads(record.value)["attributes"]) == (b"L-1001", {"topic": "after"})
    for images in ({"before": image}, {"image": image}):
        assert records(context("Delete", **images))[0].key == b"L-1001"
    with pytest.raises(BadMessage, match="select the column new_leadnumber"):
        records(changed(subject="after"))
    with pytest.raises(BadMessage, match="merges name rows"):
        records(context("Merge", Target=reference(OTHER), SubordinateId=LEAD))
    for key in (None, ""):
        with pytest.raises(NotConfigured):
            Dataverse(Events(FakeTopics(), time_tolerance=timedelta()), conversion, key=key).check_key("")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("/Date(1506384248000)/", "2017-09-26T00:04:08+00:00"),
        ("/Date(1506384248000+0000)/", "2017-09-26T00:04:08+00:00"),
        ("/Date(1506409448000-0700)/", "2017-09-26T00:04:08+00:00"),  # as in Dataverse's own example
        ("/Date(1506384248000-0700)/", "2017-09-26T00:04:08+00:00"),
        ("/Date(1506384248000+0200)/", "2017-09-26T00:04:08+00:00"),
        ("2017-09-26", None),
        ("/Date(999999999999999)/", None),
    ],
)
def test_the_time_of_an_operation(text: str, at: str | None) -> None:
    body = json.dumps(context("Update") | {"OperationCreatedOn": text}).encode()
    found = read_context(body, now=datetime(2017, 9, 26, 0, 4, 10, tzinfo=UTC)).at
    assert found == (None if at is None else datetime.fromisoformat(at))
