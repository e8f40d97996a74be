"""The versions of a model by the command line, against a real worker: drafts, shadow, replacement, history, maxima."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.messages import encode, score
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

MODEL = """\
id: enterprise
match: all
criteria:
  - {{scoring_model: engagement, threshold: {engagement}}}
  - {{scoring_model: demographic, threshold: 50}}
actions: {{sales_ready: true}}
"""


@pytest.fixture(scope="module")
def cli(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """An installation with lead management on, its scoring models live and the model `enterprise` live in version 1."""
    line = CommandLine(kafka.bootstrap_servers, tmp_path_factory.mktemp("versions"))
    line.run("topics", "create").fine()
    line.start_worker().wait_ready()
    line.run("feature", "enable", "lead-management").fine()
    for name in ("engagement", "demographic"):
        line.run("scoring-model", "set", name, "--status", "live").fine()
    line.run("model", "apply", written(line, 70), "--issued-by", "anna").fine()
    line.run("model", "publish", "enterprise", "--issued-by", "bert").fine()
    yield line
    line.close()


@pytest.fixture(scope="module")
def worker(cli: CommandLine) -> WorkerProcess:
    return cli.workers[0]


def written(cli: CommandLine, engagement: float) -> str:
    name = f"engagement-{engagement}.yaml"
    (cli.folder / name).write_text(MODEL.format(engagement=engagement))
    return name


def test_a_draft_stands_beside_a_live_version(cli: CommandLine) -> None:
    refused = cli.run("model", "apply", written(cli, 80))
    assert refused.code == 1
    assert "model apply --draft FILE" in refused.err
    saved = cli.run("model", "apply", "--draft", written(cli, 80), "--issued-by", "carl").fine()
    assert "draft saved; version 1 stays live" in saved.out
    assert "live, has draft" in cli.run("model", "list").fine().out
    shown = cli.run("model", "show", "enterprise").fine().out
    assert "model publish --replace enterprise" in shown
    assert shown.index("threshold: 70") < shown.index("# the draft") < shown.index("threshold: 80")
    assert "threshold: 80" in cli.run("model", "show", "enterprise", "--file", "--draft").fine().out
    again = cli.run("model", "publish", "enterprise")
    assert again.code == 1
    assert "model publish --replace enterprise" in again.err


def test_what_the_draft_would_do_is_counted_in_the_workers_metrics(cli: CommandLine, worker: WorkerProcess) -> None:
    assert "runs in the shadow of version 1" in cli.run("model", "shadow", "enterprise", "on").fine().out
    one = cli.run("model", "show", "enterprise", "--json").fine().json()
    assert (one["status"], one["version"], one["shadow"]) == ("live", 1, True)
    assert one["draft"]["criteria"][0]["threshold"] == 80
    for lead_id, engagement in (("a", 69), ("b", 75), ("c", 80)):
        for message in (score(lead_id, "demographic", 60, 1), score(lead_id, "engagement", engagement, 2)):
            cli.send("lead-score-changed", lead_id.encode(), encode(message))
    expected = {"neither": 4.0, "no_longer_qualifying": 1.0, "both": 1.0, "newly_qualifying": 0.0}
    deadline = time.monotonic() + 20
    while (counted := {name: shadow(worker, name) for name in expected}) != expected:
        assert time.monotonic() < deadline, counted
        time.sleep(0.1)
    assert "no longer" in cli.run("model", "shadow", "enterprise", "off").fine().out
    assert cli.run("model", "shadow", "enterprise", "maybe").code == 2


def shadow(worker: WorkerProcess, difference: str) -> float:
    return worker.metric("lead_qualifier_shadow_total", model="enterprise", difference=difference)


def test_a_draft_takes_the_place_of_the_live_version(cli: CommandLine) -> None:
    replaced = cli.run("model", "publish", "--replace", "enterprise", "--issued-by", "dora").fine()
    assert "enterprise is live in version 2, replacing version 1" in replaced.out
    nothing = cli.run("model", "publish", "--replace", "enterprise")
    assert nothing.code == 1
    assert "has no draft to replace version 2" in nothing.err
    cli.run("model", "stop", "enterprise", "--issued-by", "emil").fine()


def test_each_version_and_who_was_behind_it_is_told(cli: CommandLine) -> None:
    told = cli.run("model", "history", "enterprise", "--json").fine().json()
    assert told["qualification_model_id"] == "enterprise"
    first, second = told["versions"]
    assert (first["version"], first["applied_by"], first["published_by"]) == (1, "anna", "bert")
    assert (first["ended"], first["ended_by"], first["ended_at"]) == ("replaced", "dora", second["published_at"])
    assert (second["version"], second["applied_by"], second["published_by"]) == (2, "carl", "dora")
    assert (second["ended"], second["ended_by"]) == ("stopped", "emil")
    assert [one["definition"]["criteria"][0]["threshold"] for one in (first, second)] == [70, 80]
    table = cli.run("model", "history", "enterprise").fine().out.splitlines()
    assert table[0].split() == ["version", "published", "by", "written", "by", "until", "criteria"]
    for line, parts in ((1, ("replaced by dora", "engagement >= 70")), (2, ("stopped by emil", "engagement >= 80"))):
        assert all(part in table[line] for part in parts)
    unknown = cli.run("model", "history", "nobody")
    assert unknown.code == 1
    assert "has no model nobody" in unknown.err


def test_two_versions_are_compared(cli: CommandLine) -> None:
    lines = cli.run("model", "diff", "enterprise", "1", "2").fine().out.splitlines()
    assert lines[:2] == ["--- enterprise version 1", "+++ enterprise version 2"]
    assert [line for line in lines[2:] if line.startswith(("-", "+"))] == [
        "-- {scoring_model: engagement, threshold: 70}",
        "+- {scoring_model: engagement, threshold: 80}",
    ]
    told: dict[str, Any] = cli.run("model", "diff", "enterprise", "2", "1", "--json").fine().json()
    assert (told["from"], told["to"]) == (2, 1)
    assert told["changes"] == [{"field": "criteria.0.threshold", "from": 80, "to": 70}]
    same = cli.run("model", "diff", "enterprise", "2", "2").fine()
    assert same.out == "versions 2 and 2 of enterprise are the same\n"
    missing = cli.run("model", "diff", "enterprise", "1", "3")
    assert missing.code == 1
    assert "has no version 3; known: 1, 2" in missing.err


def test_a_deleted_model_has_a_history(cli: CommandLine) -> None:
    cli.run("model", "delete", "enterprise").fine()
    assert len(cli.run("model", "history", "enterprise").fine().out.splitlines()) == 3


def test_a_threshold_above_a_known_maximum_is_refused_by_field(cli: CommandLine) -> None:
    cli.run("scoring-model", "set", "engagement", "--status", "live", "--maximum", "62.5").fine()
    cli.run("scoring-model", "set", "engagement", "--status", "live", "--name", "Engagement").fine()
    assert "engagement live (up to 62.5)" in cli.run("model", "list").fine().out
    refused = cli.run("model", "apply", written(cli, 63))
    assert refused.code == 1
    assert "criteria.0.threshold: 63 is above 62.5, the maximum of scoring model engagement" in refused.err
    cli.run("model", "apply", written(cli, 62.5)).fine()
    cli.run("scoring-model", "set", "engagement", "--status", "live", "--maximum", "60").fine()
    unpublished = cli.run("model", "publish", "enterprise")
    assert unpublished.code == 1
    assert "criteria.0.threshold: 62.5 is above 60" in unpublished.err
    assert "out of reach: criteria.0.threshold: 62.5 is above 60" in cli.run("model", "show", "enterprise").fine().out
    cli.run("scoring-model", "set", "engagement", "--status", "live", "--maximum", "none").fine()
    assert "live in version 3" in cli.run("model", "publish", "enterprise").fine().out
    wrong = cli.run("scoring-model", "set", "engagement", "--status", "live", "--maximum", "nan")
    assert wrong.code == 2
    assert "not a finite number" in wrong.err
