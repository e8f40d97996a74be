"""What operators see of a worker: health, metrics, logs, and why it refuses to start."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic

from lead_qualifier import __version__
from tests.broker.conftest import Install
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, encode, feature, model, score, scoring_model
from tests.support.promtool import promtool

pytestmark = pytest.mark.broker

SECRET = "Xq7-confidential"
CLASSES = ("undecodable", "invalid", "wrong_key")


@pytest.fixture(scope="module")
def here(install: Install) -> Installation:
    """Leads that nobody has told of are ineligible here. What went in has secrets in every place that has no id."""
    here = install(unknown_leads="ineligible")
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    here.scores(*(score(f"W-{number}", "engagement", 60 + number % 20, 0, grade=SECRET) for number in range(200)))
    here.settle()
    here.changes(
        *(
            change(
                f"W-{number}", 1, owner_id=f"{SECRET}-owner", contact_id=f"{SECRET}-contact", attributes={"x": SECRET}
            )
            for number in range(20)
        )
    )
    here.settle()
    here.scores(*(score(f"W-{number}", "engagement", 70, 2) for number in range(200)))
    for value in (
        f'{{"lead_id": "{SECRET}'.encode(),
        encode(score("W-1", "engagement", SECRET, 0)),
        encode(score(SECRET, "engagement", 1, 0)),
        encode(score("W-1", "engagement", 1, 0) | {"occurred_at": SECRET}),
    ):
        here.send_bytes("lead-score-changed", b"W-1", value)
    here.send_bytes("lead-changed", b"W-1", encode(change("W-1", 3, status=SECRET, attributes={"x": [SECRET]})))
    here.send_bytes("qualification-commands", b"simple", f"{SECRET}".encode())
    here.settle()
    return here


def test_leads_that_nobody_told_of_wait_for_their_lead_changed_where_the_setting_says_so(here: Installation) -> None:
    here.check()
    assert {event["lead_id"] for event in here.qualified()} == {f"W-{number}" for number in range(20)}
    assert here.oracle.outcomes["simple", "unknown_lead_ineligible"] == 380
    assert {event["contact_id"] for event in here.qualified()} == {f"{SECRET}-contact"}
    # erased: unknown again
    here.erase("W-0")
    here.settle()
    here.scores(score("W-0", "engagement", 99, 3))
    here.settle_and_check()
    assert len(here.qualified("W-0")) == 1


def test_metrics_tell_of_events_outcomes_times_lag_criteria_and_dead_letters(here: Installation) -> None:
    worker = here.running()[0]
    assert here.outcomes() == here.oracle.outcomes
    for topic, count in here.oracle.events.items():
        assert worker.metric("lead_qualifier_events_total", topic=topic) == count
    assert worker.metric("lead_qualifier_dead_letters_total") == len(here.oracle.dead) == 6
    assert worker.metric("lead_qualifier_dead_letters_total", topic="lead-score-changed") == 4
    reasons = {reason: worker.metric("lead_qualifier_dead_letters_total", reason=reason) for reason in CLASSES}
    assert reasons == {"undecodable": 2, "invalid": 3, "wrong_key": 1}
    assert worker.metric("lead_qualifier_lag_records") == 0
    assert worker.metric("lead_qualifier_lag_seconds") == 0
    assert worker.metric("lead_qualifier_open_partitions") == here.partitions + 1
    newest = json.loads(here.outs.records["qualification-models"][-1].value or b"")
    assert worker.metric("lead_qualifier_criteria_revision") == newest["revision"]
    for name in ("lead_qualifier_decisions_seconds", "lead_qualifier_transaction_seconds"):
        assert worker.metric(f"{name}_count") > 0
        assert worker.metric(f"{name}_sum") > 0
    ended = worker.metric("lead_qualifier_end_to_end_seconds_count", service="qualification")
    assert ended == worker.metric("lead_qualifier_events_total")
    assert worker.metric("lead_qualifier_transactions_total") > 0
    assert time.time() - 60 < worker.metric("lead_qualifier_last_commit_timestamp_seconds") <= time.time()
    status, text = worker.get("/metrics")
    assert status == 200
    assert "# HELP lead_qualifier_events_total" in text
    assert "# TYPE lead_qualifier_outcomes_total counter" in text
    assert "W-" not in text
    assert SECRET not in text


def test_metrics_tell_of_the_build_rebalances_restoration_state_and_timers(here: Installation) -> None:
    worker = here.running()[0]
    assert worker.metric("lead_qualifier_build_info", version=__version__) == 1
    assert worker.metric("lead_qualifier_rebalances_total") >= 1
    assert worker.metric("lead_qualifier_restoring_partitions", service="qualification") == 0
    assert worker.metric("lead_qualifier_restoration_seconds_count") >= here.partitions + 1
    held = worker.metric("lead_qualifier_held_keys", application="leads")
    assert 100 * held < worker.metric("lead_qualifier_state_bytes", application="leads") < 10_000 * held
    assert ("lead_qualifier_timer_overdue_seconds", frozenset({("application", "leads")})) in worker.metrics()
    assert worker.metric("process_resident_memory_bytes") > 10_000_000
    assert worker.metric("python_info") == 1
    assert promtool("check", "metrics", given=worker.get("/metrics")[1]) == ""


def test_logs_are_one_json_object_a_line_and_one_line_for_each_qualification(here: Installation) -> None:
    worker = here.running()[0]
    lines = worker.lines()
    assert all(line["event"] and line["level"] and line["timestamp"] for line in lines)
    told = worker.events("lead_qualified")
    assert sorted(line["event_id"] for line in told) == sorted(event["event_id"] for event in here.qualified())
    assert {line["model"] for line in told} == {"simple"}
    before = len(lines)
    here.scores(*(score(f"W-{number}", "engagement", 1, 10 + number) for number in range(150, 200)))
    here.changes(*(change(f"V-{number}", 1) for number in range(50)))
    here.settle()
    assert len(worker.lines()) == before, "events alone are not worth a line"


def test_logs_and_reasons_of_dead_letters_hold_no_data_of_leads(here: Installation) -> None:
    assert SECRET not in here.running()[0].log.read_text()
    reasons = [record.headers[-1] for record in here.outs.records["lead-dead-letters"]]
    assert len(reasons) == 6
    assert SECRET not in str(reasons)


def test_a_worker_is_alive_at_once_and_ready_only_when_it_knows_its_criteria_and_partitions(here: Installation) -> None:
    worker = here.start_worker()
    worker.web()
    alive = [worker.get("/health/live")]
    first, body = worker.get("/health/ready")
    assert first == 503
    assert json.loads(body)["reason"]
    while not worker.ready():
        alive.append(worker.get("/health/live"))
    assert {status for status, _ in alive} == {200}, alive
    ready = json.loads(worker.get("/health/ready")[1])
    assert worker.metric("lead_qualifier_ready") == 1
    assert abs(here.running()[0].metric("lead_qualifier_clock_difference_seconds")) < 30
    assert worker.get("/health/live")[0] == 200
    assert worker.metric("lead_qualifier_criteria_revision") == here.running()[0].metric(
        "lead_qualifier_criteria_revision"
    )
    assert ready
    assert worker.get("/nothing")[0] == 404
    code, seconds = worker.terminate()
    assert code == 0
    assert seconds < 10
    assert worker.lines()[-1]["event"] == "worker_stopped"


def test_a_worker_that_is_told_to_stop_before_it_is_ready_stops(here: Installation) -> None:
    worker = here.start_worker()
    worker.web()
    code, seconds = worker.terminate()
    assert code == 0
    assert seconds < 10


def refusal(here: Installation, **settings: Any) -> tuple[int, str]:
    """Exit code and log of a worker that does not start."""
    worker = here.start_worker(**settings)
    code = worker.process.wait(30)
    return code, worker.log.read_text()


def test_a_worker_refuses_topics_of_the_wrong_size_or_missing_ones_by_name(install: Install) -> None:
    here = install(partitions=4)
    for future in here.admin.create_topics([NewTopic(f"{here.prefix}lead-changed", 3, 1)]).values():
        future.result()
    code, said = refusal(here, create_topics="false")
    assert code != 0
    assert f"{here.prefix}lead-qualified" in said
    code, said = refusal(here)
    assert code != 0
    assert f"{here.prefix}lead-changed" in said
    assert "3 partitions" in said


def test_a_worker_says_that_its_port_is_taken_or_a_setting_unknown_or_unusable(here: Installation) -> None:
    port = here.running()[0].web().rpartition(":")[2]
    code, said = refusal(here, web_port=port)
    assert code != 0
    assert port in said
    assert "Traceback" not in said
    code, said = refusal(here, partitions="many")
    assert code != 0
    assert "LEAD_QUALIFIER_PARTITIONS" in said
    worker = here.start_worker(partitons="4")
    worker.wait_ready()
    worker.terminate()
    assert "LEAD_QUALIFIER_PARTITONS" in worker.log.read_text()


def test_an_installation_keeps_to_topics_that_exist_already(install: Install) -> None:
    """The scoring engines' and the CRM's topics are theirs, with what lies in them."""
    here = install(partitions=3, prefix="_")
    theirs = [NewTopic(here.prefix + topic, 3, 1) for topic in ("lead-score-changed", "lead-changed")]
    for future in here.admin.create_topics(theirs).values():
        future.result()
    time.sleep(0.5)
    here.scores(*(score(f"Y-{number}", "engagement", number, 0) for number in range(100)))
    here.flush()
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    here.check()
    assert len(here.qualified()) == 50
