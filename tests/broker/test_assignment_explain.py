"""The commands on assignments with a real service: what is refused, and why a lead has its owner or waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.demo.broker.finder import Broker
from tests.support.assigner_harness import definition, rule, segment
from tests.support.command_line import CommandLine, Done
from tests.support.downstream import Downstream
from tests.support.messages import encode, new_id
from tests.support.processor_harness import changed, qualified
from tests.support.schemas import breaches

pytestmark = pytest.mark.broker

ASSIGNED = "lead-assigned"
SALES = definition(segment(rule(sellers={"ids": ["S-1"]})), models=["enterprise"], max_age="5000d")


@pytest.fixture
def service(kafka: Broker, tmp_path: Path) -> Iterator[Downstream]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4)
    made = Downstream(line, "assignment", (ASSIGNED, "assignment-queue", "downstream-dead-letters"))
    yield made
    made.close()


def seller(service: Downstream, seller_id: str, **fields: Any) -> None:
    told = {"event_id": new_id(), "seller_id": seller_id, "occurred_at": datetime.now(UTC).isoformat()}
    service.line.send("seller-changed", seller_id.encode(), encode({**told, "time_zone": "UTC", **fields}))


def apply(service: Downstream, what: dict[str, Any]) -> Done:
    file = service.line.folder / "given.yaml"
    file.write_text(yaml.safe_dump(what, sort_keys=False))
    return service.line.run("assignment", "apply", str(file))


def explain(service: Downstream, lead_id: str, *options: str) -> Done:
    return service.line.run("assignment", "explain", lead_id, *options)


def data(service: Downstream, lead_id: str) -> dict[str, Any]:
    """What programs are told, of which the decisions are events of lead-assigned as they were emitted."""
    shown: dict[str, Any] = {}

    def all_decided() -> bool:
        shown.update(explain(service, lead_id, "--json").fine().json())
        return bool(shown["undecided_records"] == 0)

    service.until(all_decided)
    assert shown["decisions"] == [one for one in service.events(ASSIGNED) if one["lead_id"] == lead_id]
    assert service._reader is not None
    assert breaches(service._reader.records[ASSIGNED]) == []
    return shown


def test_what_cannot_work_is_refused_by_name(service: Downstream) -> None:
    service.start()
    seller(service, "S-1")
    seller(service, "bad-zone", time_zone="Europe/Atlantis")
    seller(service, "bad-day", days_off=["2026-02-30"])
    service.wait_for("downstream-dead-letters", 2)
    assert service._reader is not None
    letters = service._reader.records["downstream-dead-letters"]
    reasons = {one.key: dict(one.headers)["dl_reason"] or b"" for one in letters}
    assert b"time_zone 'Europe/Atlantis' does not exist" in reasons[b"bad-zone"]
    assert b"days_off.0 must be a date that exists" in reasons[b"bad-day"]

    unknown = apply(service, definition(segment(rule(sellers={"ids": ["S-2"]}))))
    assert unknown.code == 1
    assert "segments.0.rules.0.sellers.ids.0: there is no seller S-2: did you mean S-1?" in unknown.err
    never = apply(service, definition(segment(rule("a"), rule("b"))))
    assert never.code == 1
    assert "given.yaml:11: segments.0.rules.1: can never match: rule a before it takes all its leads" in never.err
    service.publish("assignment", SALES)
    apply(service, definition(segment(rule()), name="other")).fine()
    second = service.line.run("assignment", "publish", "other")
    assert second.code == 1
    assert "models: sales is live and takes leads of enterprise too: stop it, or name other models" in second.err
    apply(service, definition(segment(rule()), name="other", models=["small"])).fine()
    service.line.run("assignment", "publish", "other").fine()
    listed = service.line.run("assignment", "list", "--json").fine().json()
    assert [(one["id"], one["status"], one["version"]) for one in listed] == [
        ("other", "live", 1),
        ("sales", "live", 1),
    ]
    assert service.line.run("assignment", "show", "sales", "--json").fine().json()["definition"] == SALES


def test_hundreds_of_mistyped_sellers_are_refused_at_once(service: Downstream) -> None:
    process = service.start()
    for number in range(1_000):
        seller(service, f"seller-{number:04}")
    service.until(lambda: len(service.events("assignment-queue")) == 1_000)
    ids = [f"seller-{number:04}" for number in range(1_000)]
    service.publish("assignment", SALES | {"segments": [segment(rule(sellers={"ids": ids}))]})
    mistyped = [f"seler-{number:04}" for number in range(300)]
    begun = time.monotonic()
    refused = apply(service, definition(segment(rule(sellers={"ids": mistyped})), name="other", models=["small"]))
    taken = time.monotonic() - begun
    assert refused.code == 1
    assert "there is no seller seler-0009: did you mean seller-0009?" in refused.err
    assert "and 290 more" in refused.err
    assert taken < 30, "most of that is the start of the command line on a busy machine"
    service.send("lead-qualified", qualified("L-1"))
    service.wait_for(ASSIGNED, 1)
    assert process.process.poll() is None


def test_naming_a_seller_who_left_warns_and_can_be_published(service: Downstream) -> None:
    service.start()
    seller(service, "S-1")
    service.publish("assignment", SALES)
    service.send("lead-qualified", qualified("L-1"))
    service.wait_for(ASSIGNED, 1)
    service.line.send("seller-changed", b"S-1", None)
    service.wait_for(ASSIGNED, 2)
    assert [one.get("owner_departed") for one in service.events(ASSIGNED)] == [None, "left"]
    assert "seller S-1 has left; the lead stays with them" in explain(service, "L-1").fine().out
    service.line.run("assignment", "stop", "sales").fine()
    again = apply(service, SALES).fine()
    assert "sellers.ids.0: seller S-1 has left and gets no leads" in again.err
    service.line.run("assignment", "publish", "sales").fine()


def test_a_lead_is_explained_from_its_arrival_to_its_end(service: Downstream) -> None:
    process = service.start()
    seller(service, "S-1", capacity={"max": 1}, attributes={"language": "de"})
    nobody = explain(service, "L-1")
    assert nobody.code == 1
    assert "L-1 was never seen" in nobody.out
    service.until(lambda: len(service.events("assignment-queue")) == 1)
    service.publish("assignment", SALES)
    service.send("lead-changed", changed("L-0"))
    for number in (1, 2, 3):
        service.send("lead-changed", changed(f"L-{number}", owner_id="U-4", attributes={"country": "DE"}))
    service.until(lambda: process.metric("lead_qualifier_held_keys", application="assignment-intake") == 4)
    for number in (1, 2, 3):
        service.send("lead-qualified", qualified(f"L-{number}", number))
        service.wait_for(ASSIGNED, number)

    shown = explain(service, "L-1").fine().out
    assert shown.startswith("L-1: assigned to seller S-1 (result 2, assigned)\n")
    assert "by sales v1, segment all, rule any\n" in shown
    assert "owner_id U-4, country DE\n" in shown
    assert "it counts against the capacity of S-1: 1 taken of 1\n" in shown
    assert "the last owner it named is U-4\n" in shown
    assert "chosen S-1\n" in shown
    first = data(service, "L-1")
    assert (first["standing"], first["owner"], first["unconfirmed_crm_names"]) == (
        "assigned",
        {"kind": "seller", "id": "S-1"},
        "U-4",
    )
    [event] = first["decisions"]
    assert event["previous_owner_id"] == "U-4"

    shown = explain(service, "L-3").fine().out
    assert shown.startswith("L-3: waiting, place 2 of 2 (result 7, no_capacity)\n")
    assert "no_capacity S-1 (1 taken of 1)\n" in shown
    assert "  capacity is freed: a lead of an eligible seller is closed" in shown
    third = data(service, "L-3")
    assert (third["standing"], third["place"], third["waiting"]) == ("waits", 2, 2)
    assert third["result"] == third["now"]["result"] == {"code": 7, "name": "no_capacity"}
    assert third["tried_again_by"] == ["capacity_given_back", "seller_changes", "rules_change", "lead_changes"]
    too_old = datetime.fromisoformat(third["too_old_at"]) - datetime.fromisoformat(third["qualified_at"])
    assert too_old == timedelta(days=5000)

    unqualified = explain(service, "L-0")
    assert unqualified.code == 1
    assert "L-0 has not qualified" in unqualified.out

    service.send("lead-changed", changed("L-1", 9, status="disqualified", status_reason="lost"))
    service.line.send("lead-changed", b"L-3", None)
    service.wait_for(ASSIGNED, 4)
    second = data(service, "L-2")
    assert [one["result"]["name"] for one in second["decisions"]] == ["no_capacity", "assigned"]
    service.until(lambda: explain(service, "L-3").code == 1)
    for lead_id, standing, why in (
        ("L-1", "closed", "is closed (status disqualified"),
        ("L-3", "erased", "was erased"),
    ):
        gone = explain(service, lead_id, "--json")
        assert gone.code == 1
        assert (gone.json()["standing"], "decisions" in gone.json()) == (standing, False)
        assert why in gone.json()["reason"]
        assert any(one["lead_id"] == lead_id for one in service.events(ASSIGNED))
