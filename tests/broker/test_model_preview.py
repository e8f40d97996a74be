"""`model preview` on a real broker: what a model would do is told, counted right, and nothing is touched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.messages import encode, new_id

pytestmark = pytest.mark.broker

MODEL = """\
id: {id}
match: {match}
criteria:
  - {{scoring_model: engagement, threshold: {engagement}}}
  - {{scoring_model: {second}, threshold: 50}}
actions: {{status_reason: marketing_qualified, sales_ready: true}}
"""
NOON = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)
_END: Any = OffsetSpec.latest()


def days_ago(number: int) -> str:
    return (NOON - timedelta(days=number)).isoformat()


def send_score(cli: CommandLine, lead: str, scoring_model: str, value: float, days: int) -> None:
    message = {
        "event_id": new_id(),
        "lead_id": lead,
        "scoring_model_id": scoring_model,
        "score": value,
        "occurred_at": days_ago(days),
    }
    cli.send("lead-score-changed", lead.encode(), encode(message))


def file(
    cli: CommandLine, model_id: str, *, engagement: float = 70, second: str = "demographic", match: str = "all"
) -> str:
    name = f"{model_id}-{engagement:g}-{second}.yaml"
    (cli.folder / name).write_text(MODEL.format(id=model_id, engagement=engagement, second=second, match=match))
    return name


@pytest.fixture(scope="module")
def cli(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """`enterprise` (70 and 50) is live and has qualified `both` and `old`; all that was sent is decided."""
    line = CommandLine(kafka.bootstrap_servers, tmp_path_factory.mktemp("preview"))
    line.run("topics", "create").fine()
    line.start_worker().wait_ready()
    line.run("feature", "enable", "lead-management").fine()
    for name in ("engagement", "demographic"):
        line.run("scoring-model", "set", name, "--status", "live").fine()
    line.run("model", "apply", file(line, "enterprise")).fine()
    line.run("model", "publish", "enterprise").fine()
    for lead, engagement, demographic, days in (
        ("both", 80, 60, 1),
        ("old", 90, 90, 2),
        ("near", 66, 60, 1),
        ("far", 10, 60, 1),
        ("closed", 61, 60, 2),
    ):
        send_score(line, lead, "engagement", engagement, days)
        send_score(line, lead, "demographic", demographic, days)
    send_score(line, "half", "engagement", 95, 0)
    closed = {"event_id": new_id(), "lead_id": "closed", "occurred_at": days_ago(0), "status": "disqualified"}
    line.send("lead-changed", b"closed", encode(closed))
    deadline = time.monotonic() + 30
    while (found := line.run("model", "preview", file(line, "enterprise"), "--json").fine().json())["leads"] < 6 or (
        found["undecided_records"]
    ):
        assert time.monotonic() < deadline, found
    yield line
    line.close()


def ends(cli: CommandLine) -> dict[str, int]:
    topics = cli.admin.list_topics(timeout=10).topics
    places = [
        TopicPartition(name, n) for name in topics if name.startswith(cli.prefix) for n in topics[name].partitions
    ]
    asked = cli.admin.list_offsets(dict.fromkeys(places, _END), request_timeout=10)
    return {f"{place.topic}-{place.partition}": future.result().offset for place, future in asked.items()}


def groups(cli: CommandLine) -> set[str]:
    """Those of this installation: other tests, on the same broker, have groups that come and go."""
    found = cli.admin.list_consumer_groups(request_timeout=10).result().valid
    ours = cli.prefix, cli.environment["LEAD_QUALIFIER_APPLICATION_ID"]
    return {group.group_id for group in found if group.group_id.startswith(ours)}


def test_a_new_model_is_counted_by_outcome_criterion_and_evidence(cli: CommandLine) -> None:
    before, joined = ends(cli), groups(cli)
    found = cli.run("model", "preview", file(cli, "wider", engagement=60), "--json").fine().json()
    assert (found["qualification_model_id"], found["version"]) == ("wider", 1)
    assert (found["leads"], found["eligible_leads"]) == (6, 5)
    # `both` and `old` have all that its actions give, from the other model
    assert found["outcomes"] == {"criteria_not_met": 2, "already_qualified": 2, "qualified": 1, "lead_not_open": 1}
    assert found["would_qualify"] == {"count": 1, "share": pytest.approx(1 / 6)}
    engagement, demographic = found["criteria"]
    assert (engagement["met"], engagement["near"], engagement["no_score"]) == (4, 0, 0)
    assert (demographic["met"], demographic["near"], demographic["no_score"]) == (4, 0, 1)
    [near] = found["sample"]
    assert (near["lead_id"], near["qualification_number"]) == ("near", 1)
    assert [(one["score"], one["met"]) for one in near["criteria"]] == [(66, True), (60, True)]
    assert near["changes"]["sales_ready"] == {"from": False, "to": True}
    assert {(one["from"], one["leads"]) for one in engagement["bands"] if one["leads"]} == {
        (10, 1),
        (65, 1),
        (80, 1),
        (90, 1),
        (95, 1),
    }
    assert "live" not in found
    assert "what_if" not in found
    assert "days" not in found
    assert ends(cli) == before, "a preview has written something"
    assert joined, "the worker's group is one of them"
    assert groups(cli) == joined, "a preview has joined a group"


def test_a_live_version_of_the_same_id_is_compared(cli: CommandLine) -> None:
    found = cli.run("model", "preview", file(cli, "enterprise", engagement=85), "--json", "--near", "20").fine().json()
    assert (found["version"], found["live"]["version"]) == (2, 1)
    assert found["live"] == {
        "version": 1,
        "newly_qualifying": 0,
        "no_longer_qualifying": 1,
        "both": 1,
        "neither": 3,
    }
    assert found["outcomes"]["already_qualified"] == 1, "marks of the same id are respected"
    assert found["criteria"][0]["near"] == 2
    shown = cli.run("model", "preview", file(cli, "enterprise", engagement=60)).fine()
    assert "enterprise (enterprise), if published now as version 2" in shown.out
    assert "1 of 6 known leads would qualify (16.67%)" in shown.out
    assert "1 newly qualifying" in shown.out
    assert "engagement 66 >= 60 met, demographic 60 >= 50 met" in shown.out
    assert shown.err == ""


def test_other_thresholds_are_counted_each_criterion_alone(cli: CommandLine) -> None:
    asked = ("--what-if", "engagement=60,67", "--what-if", "demographic=61,30")
    found = cli.run("model", "preview", file(cli, "wider", engagement=61), "--json", *asked).fine().json()
    assert {one["scoring_model_id"]: one["thresholds"] for one in found["what_if"]} == {
        "engagement": [
            {"threshold": 60, "would_qualify": 1},
            {"threshold": 61, "would_qualify": 1},
            {"threshold": 67, "would_qualify": 0},
        ],
        "demographic": [
            {"threshold": 30, "would_qualify": 1},
            {"threshold": 50, "would_qualify": 1},
            {"threshold": 61, "would_qualify": 0},
        ],
    }
    shown = cli.run("model", "preview", file(cli, "wider", engagement=61), *asked).fine().out
    assert "<- threshold" in shown
    assert "61 (in the file)" in shown
    unknown = cli.run("model", "preview", file(cli, "wider"), "--what-if", "intent=5")
    assert (unknown.code, "wider has no criterion on intent" in unknown.err) == (1, True)
    assert cli.run("model", "preview", file(cli, "wider"), "--what-if", "engagement").code == 2


def test_days_are_replayed_from_the_scores_on_their_topic(cli: CommandLine) -> None:
    asked = ("model", "preview", file(cli, "fresh", engagement=60), "--days")
    found = cli.run(*asked, "3", "--json").fine().json()
    today = NOON.date()
    assert [(one["day"], one["would_have_qualified"]) for one in found["days"]] == [
        ((today - timedelta(days=2)).isoformat(), 2),  # `old`, and `closed`, which was open then
        ((today - timedelta(days=1)).isoformat(), 2),
        (today.isoformat(), 0),
    ]
    assert datetime.fromisoformat(found["history_since"]) > NOON
    shown = cli.run(*asked, "4").fine().out
    assert "whose oldest record is from" in shown
    assert shown.count("no history") == 1, "no record is as old as the fourth day, or dated so"


def test_what_stands_in_the_way_is_said(kafka: Broker, cli: CommandLine, tmp_path: Path) -> None:
    unknown = cli.run("model", "preview", file(cli, "enterprise", second="intent", match="any")).fine()
    assert "scoring model intent is not live: its criteria count as not met" in unknown.err
    assert "scoring-model set intent --status live" in unknown.err
    assert "intent (not live: 0 would meet it)" in unknown.out
    empty = CommandLine(kafka.bootstrap_servers, tmp_path)
    try:
        empty.run("topics", "create").fine()
        done = empty.run("model", "preview", file(empty, "any"), "--days", "2").fine()
        assert "lead management is off" in done.err
        assert "0 of 0 known leads would qualify (0.00%)" in done.out
        assert "lead-score-changed is empty" in done.out
    finally:
        empty.close()


def test_it_is_refused_by_line_topic_and_argument(cli: CommandLine) -> None:
    bad = cli.run("model", "preview", file(cli, "bad", match="none"))
    assert bad.code == 1
    assert "match: must be all, any or {at_least: 2}" in bad.err
    nowhere = cli.run("model", "preview", file(cli, "any"), LEAD_QUALIFIER_TOPIC_PREFIX="none.")
    assert nowhere.code == 1
    assert "lead-qualifier topics create" in nowhere.err
    assert cli.run("model", "preview", file(cli, "any"), "--near", "-1").code == 2
