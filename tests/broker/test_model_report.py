"""`model report` on a real chain: what became of leads that a worker qualified and the assignment service gave away."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.assigner_harness import definition, rule, segment
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.messages import new_id

pytestmark = pytest.mark.broker

MODEL = """\
id: enterprise
match: all
criteria: [{scoring_model: engagement, threshold: 70}]
actions: {sales_ready: true}
"""
SCORES = {"L-1": 72, "L-2": 73, "L-3": 90, "L-4": 91, "L-5": 10, "L-6": 75}


def send(service: Downstream, topic: str, lead: str, **fields: Any) -> None:
    now = datetime.now(UTC).isoformat()
    service.send(topic, {"event_id": new_id(), "lead_id": lead, "occurred_at": now, **fields})


def test_what_became_of_qualified_leads_is_reported(kafka: Broker, tmp_path: Path) -> None:
    line = CommandLine(kafka.bootstrap_servers, tmp_path)
    service = Downstream(line, "assignment", ("lead-qualified", "lead-assigned", "lead-recycled"))
    try:
        line.run("topics", "create", "--downstream").fine()
        line.start_worker().wait_ready()
        service.start()
        service.qualify_by(MODEL)
        service.announce_seller("S-1")
        service.publish("assignment", definition(segment(rule(sellers={"ids": ["S-1"]}))))
        for lead, score in SCORES.items():
            send(service, "lead-score-changed", lead, scoring_model_id="engagement", score=score)
        service.wait_for("lead-qualified", 5)
        service.wait_for("lead-assigned", 5)
        send(service, "lead-sales-response", "L-1", response="accepted")
        send(service, "lead-sales-response", "L-2", response="rejected", reason="budget; later, perhaps")
        send(service, "lead-sales-response", "L-3", response="accepted", qualification_model_id="another")
        service.wait_for("lead-recycled", 1)
        send(service, "lead-changed", "L-1", status="qualified", status_reason="qualified")
        send(service, "lead-merged", "L-4", survivor_id="L-5")
        send(service, "lead-sales-response", "L-5", response="accepted")
        line.send("lead-changed", b"L-6", None)

        found: dict[str, Any] = {}

        def all_processed() -> bool:
            found.update(line.run("model", "report", "enterprise", "--json").fine().json())
            return bool(found["undecided_records"] == 0 and found["total"]["erased"] and found["total"]["converted"])

        service.until(all_processed)
        total = found["total"]
        assert {name: count for name, count in total.items() if isinstance(count, int) and count} == {
            "qualified": 5,
            "assigned": 4,
            "accepted": 2,  # L-1, and L-4 by the answer about its survivor
            "rejected": 1,
            "recycled": 1,
            "waiting": 1,
            "converted": 1,
            "erased": 1,
        }
        assert (found["leads"], total["results"]) == (5, {"assigned": 4})
        assert total["rejections"] == [{"reason": "budget; later, perhaps", "count": 1}]
        assert total["durations"]["qualified_to_assigned"]["count"] == 4
        assert total["durations"]["qualified_to_converted"]["count"] == 1
        [engagement] = found["scores"]
        assert {one["from"]: one["qualified"] for one in engagement["bands"] if one["qualified"]} == {
            72: 2,
            74: 1,
            90: 2,
        }
        assert all(one["complete"] for one in found["topics"])
        assert {one["topic"].removeprefix(line.prefix) for one in found["topics"]} == {
            "lead-qualified",
            "lead-assigned",
            "lead-sales-response",
            "lead-recycled",
        }
        assert "L-6" not in str(found)

        shown = line.run("model", "report", "enterprise").fine().out
        assert "enterprise: 5 qualifications of 5 leads" in shown
        assert "budget; later, perhaps" in shown
        [row] = [
            row
            for row in csv.DictReader(io.StringIO(line.run("model", "report", "enterprise", "--csv", "-").fine().out))
            if row["group"] == "total"
        ]
        assert (row["qualified"], row["rejected: budget; later, perhaps"]) == ("5", "1")
        later = line.run("model", "report", "enterprise", "--since", "2200-01-01", "--json").fine().json()
        assert (later["leads"], later["total"]["qualified"]) == (0, 0)
        assert "the model missing does not exist; known: enterprise" in line.run("model", "report", "missing").err
    finally:
        service.close()
