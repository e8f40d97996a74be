"""The command line against a real worker on a real broker: what each command does, says and exits with."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.messages.topics import QUALIFICATION_TOPICS
from tests.support.command_line import CommandLine, Done
from tests.support.messages import change, encode, merged, score

pytestmark = pytest.mark.broker

MODEL = """\
id: {id}
name: Enterprise leads
match: all
criteria:
  - {{scoring_model: engagement, threshold: {threshold}}}
  - {{scoring_model: demographic, threshold: 50}}
actions: {{status_reason: marketing_qualified, sales_ready: true}}
"""


@pytest.fixture(scope="module")
def cli(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """An installation with a worker, lead management on, its scoring models live and the model `enterprise` live."""
    line = CommandLine(kafka.bootstrap_servers, tmp_path_factory.mktemp("cli"))
    created = line.run("topics", "create").fine()
    assert all(f"created {topic.full_name(line.prefix)}" in created.out for topic in QUALIFICATION_TOPICS)
    line.start_worker().wait_ready()
    model_file(line, "enterprise")
    draft = line.run("model", "apply", "enterprise.yaml").fine()
    assert "draft saved" in draft.out
    assert "warning: lead management is off" in draft.err
    early = line.run("model", "publish", "enterprise")
    assert early.code == 1
    assert "lead-qualifier feature enable lead-management" in early.err
    assert "lead-qualifier scoring-model set engagement --status live" in early.err
    line.run("feature", "enable", "lead-management").fine()
    line.run("scoring-model", "set", "engagement", "--status", "live", "--name", "Engagement").fine()
    line.run("scoring-model", "set", "demographic", "--status", "live").fine()
    assert "live in version 1" in line.run("model", "publish", "enterprise").fine().out
    yield line
    line.close()


def model_file(cli: CommandLine, model_id: str, threshold: object = 70) -> str:
    (cli.folder / f"{model_id}.yaml").write_text(MODEL.format(id=model_id, threshold=threshold))
    return f"{model_id}.yaml"


def lines(*messages: dict[str, object]) -> bytes:
    return b"".join(encode(message) + b"\n" for message in messages)


def eventually(ask: Callable[[], Done], true: Callable[[Done], bool], timeout: float = 20) -> Done:
    deadline = time.monotonic() + timeout
    while not true(done := ask()):
        assert time.monotonic() < deadline, done
        time.sleep(0.2)
    return done


# -- topics


def test_topics_that_fit_are_listed(cli: CommandLine) -> None:
    assert "all topics exist and fit" in cli.run("topics", "create").fine().out
    found = cli.run("topics", "check", "--json").fine().json()
    assert len(found) == len(QUALIFICATION_TOPICS)
    assert all(one["fits"] for one in found)


def test_topics_that_do_not_fit_are_refused_by_name(cli: CommandLine) -> None:
    checked = cli.run("topics", "check", LEAD_QUALIFIER_PARTITIONS="3")
    assert checked.code == 1
    assert f"{cli.prefix}lead-changed: has 2 partitions, expected 3" in checked.err
    other = cli.run("topics", "check", LEAD_QUALIFIER_TOPIC_PREFIX=f"{cli.prefix}none.")
    assert other.code == 1
    assert "lead-qualifier topics create" in other.err


# -- models


def test_a_live_model_is_stopped_before_anything_else(cli: CommandLine) -> None:
    for arguments in (
        ("publish", "enterprise"),
        ("delete", "enterprise"),
        ("apply", model_file(cli, "enterprise", threshold=80)),
    ):
        refused = cli.run("model", *arguments)
        assert refused.code == 1
        assert "stop it first (lead-qualifier model stop enterprise)" in refused.err


def test_a_bad_model_file_is_refused_by_line_and_field(cli: CommandLine) -> None:
    refused = cli.run("model", "apply", model_file(cli, "bad", threshold="seventy"))
    assert refused.code == 1
    assert "bad.yaml:5: criteria.0.threshold: must be a number" in refused.err
    assert cli.run("model", "apply", "nowhere.yaml").code == 1


def test_models_are_listed_and_shown(cli: CommandLine) -> None:
    listed = cli.run("model", "list", "--json").fine().json()
    [enterprise] = [one for one in listed["models"] if one["id"] == "enterprise"]
    assert (enterprise["status"], enterprise["version"], enterprise["degraded"]) == ("live", 1, [])
    assert enterprise["published_by"] == "tester"
    assert listed["lead_management"] is True
    assert {one["id"]: one["status"] for one in listed["scoring_models"]}["engagement"] == "live"
    assert "all of engagement >= 70, demographic >= 50" in cli.run("model", "list").fine().out
    shown = cli.run("model", "show", "enterprise").fine().out
    assert "enterprise (Enterprise leads): live, version 1" in shown
    assert "scoring_model: engagement" in shown


def test_a_model_lives_from_draft_to_deletion(cli: CommandLine) -> None:
    cli.run("model", "apply", model_file(cli, "short"), "--expected-revision", "0").fine()
    stale = cli.run("model", "apply", model_file(cli, "short", 71), "--expected-revision", "0")
    assert stale.code == 1
    assert "revision" in stale.err
    published = cli.run("model", "publish", "short", "--json", "--issued-by", "someone").fine().json()
    assert (published["outcome"], published["version"], published["issued_by"]) == ("accepted", 1, "someone")
    assert "short is stopped" in cli.run("model", "stop", "short").fine().out
    definition = cli.run("model", "show", "short", "--file").fine().out
    (cli.folder / "again.yaml").write_text(definition.replace("threshold: 70", "threshold: 75"))
    cli.run("model", "apply", "again.yaml").fine()
    assert "draft changed" in cli.run("model", "list").fine().out
    assert "live in version 2" in cli.run("model", "publish", "short").fine().out
    cli.run("model", "stop", "short").fine()
    cli.run("model", "delete", "short").fine()
    gone = cli.run("model", "show", "short")
    assert gone.code == 1
    assert "was deleted" in gone.err
    assert "short" not in cli.run("model", "list").fine().out


def test_a_model_says_how_far_it_is_with_the_leads_that_it_found(cli: CommandLine) -> None:
    cli.run("model", "apply", model_file(cli, "looking")).fine()
    cli.run("model", "publish", "looking").fine()
    deadline = time.monotonic() + 30
    while "all existing leads are evaluated" not in cli.run("model", "show", "looking").fine().out:
        assert time.monotonic() < deadline
    assert cli.run("model", "show", "looking", "--json").fine().json()["existing_leads_looked_through"] == 1
    cli.run("model", "stop", "looking").fine()
    assert "existing leads are" not in cli.run("model", "show", "looking").fine().out


def test_a_folder_of_models_is_published_and_what_runs_is_left_alone(cli: CommandLine) -> None:
    folder = cli.folder / "models"
    folder.mkdir()
    for name, threshold in (("b-second", 60), ("a-first", 60), ("z-broken", 60)):
        (folder / f"{name}.yaml").write_text(MODEL.format(id=name, threshold=threshold))
    (folder / "z-broken.yaml").write_text(MODEL.format(id="z-broken", threshold="sixty"))
    refused = cli.run("model", "apply", "models", "--publish")
    assert (refused.code, refused.out) == (1, "")
    assert "z-broken.yaml:5: criteria.0.threshold" in refused.err
    (folder / "z-broken.yaml").unlink()
    assert cli.run("model", "apply", "models", "--publish").fine().out.splitlines() == [
        f"models/{name}.yaml: {name} is live in version 1" for name in ("a-first", "b-second")
    ]
    (folder / "a-first.yaml").write_text(MODEL.format(id="a-first", threshold=65))
    (folder / "c-third.yaml").write_text(MODEL.format(id="c-third", threshold=65))
    mixed = cli.run("model", "apply", "models", "--publish", "--json")
    assert mixed.code == 1
    assert [one["result"] for one in mixed.json()] == ["refused", "unchanged", "published"]
    replaced = cli.run("model", "apply", "models", "--publish", "--replace").fine().out.splitlines()
    assert replaced[0] == "models/a-first.yaml: a-first is live in version 2, replacing version 1"
    assert all("was left alone" in line for line in replaced[1:])
    for name in ("a-first", "b-second", "c-third"):
        cli.run("model", "stop", name).fine()
        cli.run("model", "delete", name).fine()


def test_what_does_not_exist_is_refused(cli: CommandLine) -> None:
    for arguments in (("model", "publish", "x"), ("model", "show", "x"), ("feature", "enable", "x")):
        refused = cli.run(*arguments)
        assert refused.code == 1
        assert "error:" in refused.err


def test_a_scoring_model_that_stops_degrades_the_model(cli: CommandLine) -> None:
    cli.run("model", "apply", model_file(cli, "fragile")).fine()
    assert "is stopped" in cli.run("scoring-model", "set", "demographic", "--status", "stopped").fine().out
    refused = cli.run("model", "publish", "fragile")
    assert refused.code == 1
    assert "scoring-model set demographic --status live" in refused.err
    shown = cli.run("model", "show", "enterprise").fine().out
    assert "degraded: scoring model demographic is not live" in shown
    again = cli.run("scoring-model", "set", "demographic", "--status", "live", "--json").fine().json()
    assert again["confirmed"] is True
    cli.run("model", "publish", "fragile").fine()
    cli.run("model", "stop", "fragile").fine()


# -- leads


def test_a_lead_is_fed_and_explained(cli: CommandLine) -> None:
    (cli.folder / "scores.jsonl").write_bytes(
        lines(score("ada", "demographic", 64, 1), score("ada", "engagement", 83, 2), score("bob", "engagement", 58, 3))
    )
    assert cli.run("feed", "scores.jsonl").fine().out == "3 sent\n"
    shown = eventually(
        lambda: cli.run("lead", "show", "ada", "--json"), lambda done: done.code == 0 and '"met"' in done.out
    ).json()
    assert shown["lead"]["status_reason"] == "marketing_qualified"
    assert shown["lead"]["scores"]["engagement"]["value"] == 83
    [event] = shown["qualifications"]
    assert (event["qualification_model_id"], event["qualification_model_version"]) == ("enterprise", 1)
    assert event["trigger"]["topic"] == "lead-score-changed"
    [model] = [one for one in shown["models"] if one["qualification_model_id"] == "enterprise"]
    assert model["outcome"] == "already_qualified"
    bob = cli.run("lead", "show", "bob").fine().out
    assert "bob: open, new, not sales ready" in bob
    assert "engagement: 12 more; demographic: no score yet, needs 50" in bob
    assert "never qualified" in bob
    ada = cli.run("lead", "show", "ada").fine().out
    assert "engagement 83 >= 70 met" in ada
    assert f"live, on event {event['trigger']['event_id']}" in ada


def test_fresh_scores_and_grades_are_decided_and_explained(cli: CommandLine) -> None:
    def since(days: float) -> str:
        return (datetime.now(UTC) - timedelta(days=days)).isoformat()

    def told(lead_id: str, name: str, value: float, days: float, **more: str) -> dict[str, object]:
        return score(lead_id, name, value, 0, **more) | {"occurred_at": since(days)}

    for name in ("fit", "interest"):
        cli.run("scoring-model", "set", name, "--status", "live").fine()
    asked = "[{scoring_model: interest, threshold: 70, max_age: 90d}, {scoring_model: fit, grades: [A, B]}]"
    (cli.folder / "fresh.yaml").write_text(
        f"id: fresh\nmatch: all\ncriteria: {asked}\nactions: {{sales_ready: true}}\n"
    )
    (cli.folder / "before.jsonl").write_bytes(
        lines(told("swept", "interest", 80, 1), told("swept", "fit", 1, 1, grade="B"))
    )
    cli.run("feed", "before.jsonl").fine()
    eventually(lambda: cli.run("lead", "show", "swept"), lambda done: "fit" in done.out)
    assert "Update the workers, and consumers that read threshold" in cli.run("model", "apply", "fresh.yaml").fine().err
    cli.run("model", "publish", "fresh").fine()
    events = (
        told("graced", "interest", 83, 2),
        told("graced", "fit", 4, 1, grade="A"),
        told("worse", "interest", 83, 2),
        told("worse", "fit", 99, 1, grade="C"),
        told("stale", "interest", 83, 100),
        told("stale", "fit", 4, 1, grade="A"),
        told("sent-late", "fit", 4, 101, grade="A"),
        told("sent-late", "interest", 83, 100),  # fresh when it occurred, not when it is sent
    )
    (cli.folder / "after.jsonl").write_bytes(lines(*events))
    cli.run("feed", "after.jsonl").fine()

    def shown(lead_id: str, settled: Callable[[dict[str, Any]], bool]) -> tuple[dict[str, Any], dict[str, Any]]:
        found = eventually(
            lambda: cli.run("lead", "show", lead_id, "--json"), lambda done: done.code == 0 and settled(done.json())
        ).json()
        return found, next(one for one in found["models"] if one["qualification_model_id"] == "fresh")

    def decided(found: dict[str, Any]) -> bool:
        return len(found["lead"]["scores"]) == 2 and not found["undecided_records"]

    found, model = shown("graced", decided)
    assert (model["outcome"], found["lead"]["scores"]["fit"]["grade"]) == ("already_qualified", "A")
    [event] = found["qualifications"]
    interest, fit = event["criteria"]
    assert (interest["threshold"], interest["met"], "expired" in interest) == (70, True, False)
    assert (fit["grades"], fit["grade"], fit["met"], "threshold" in fit) == (["A", "B"], "A", True, False)
    [event] = shown("swept", lambda found: bool(found["qualifications"]))[0]["qualifications"]
    assert event["origin"] == "sweep"
    assert shown("worse", decided)[1]["missing"] == ["fit: grade is C, wanted A or B"]
    for lead_id in ("stale", "sent-late"):
        found, model = shown(lead_id, decided)
        assert (model["outcome"], found["qualifications"]) == ("criteria_not_met", [])
        assert model["criteria"][0]["expired"] is True
        day = (datetime.fromisoformat(model["criteria"][0]["scored_at"]) + timedelta(days=90)).date()
        assert model["missing"] == [f"interest: score 83 expired on {day} (max_age 90d)"]
    assert "fit grade C, wanted A or B: not met" in cli.run("lead", "show", "worse").fine().out
    described = cli.run("model", "show", "fresh").fine().out
    assert "all of interest >= 70 (max_age 90d), fit grade A or B" in described
    assert "- scoring_model: fit\n  grades: [A, B]\n" in described
    counted = cli.run("model", "preview", "fresh.yaml", "--json").fine().json()["criteria"]
    assert counted[0]["expired"] == 2
    assert {one.get("grade"): one["leads"] for one in counted[1]["by_grade"]} == {"A": 3, "B": 1, "C": 1}
    text = cli.run("model", "preview", "fresh.yaml").fine().out
    assert "threshold or grades" in text
    assert "expired" in text


def test_leads_that_are_closed_erased_or_never_seen_are_told_apart(cli: CommandLine) -> None:
    for lead_id in ("closed", "erased"):
        message = change(lead_id, 5, status="disqualified", status_reason="lost", owner_id="U-1")
        cli.send("lead-changed", lead_id.encode(), encode(message))
    closed = eventually(lambda: cli.run("lead", "show", "closed"), lambda done: done.code == 0)
    assert "closed: disqualified (closed: it cannot qualify), lost" in closed.out
    eventually(lambda: cli.run("lead", "show", "erased"), lambda done: done.code == 0)
    cli.send("lead-changed", b"erased", None)
    erased = eventually(lambda: cli.run("lead", "show", "erased"), lambda done: done.code == 1)
    assert "erased was erased: nothing is kept" in erased.out
    for lead_id, survivor_id in (("loser", "survivor"), ("closed", "survivor")):
        cli.send("lead-merged", lead_id.encode(), encode(merged(lead_id, survivor_id, 6)))
    loser = eventually(lambda: cli.run("lead", "show", "loser"), lambda done: done.code == 0)
    assert "loser: open, new, not sales ready\n  merged into survivor on 2026-03-02 08:06:00 UTC" in loser.out
    assert "the lead was merged into survivor: only that one can qualify" in loser.out
    assert cli.run("lead", "show", "loser", "--json").json()["lead"]["merged_into"] == "survivor"
    never = cli.run("lead", "show", "nobody")
    assert never.code == 1
    assert "nobody was never seen" in never.out
    assert cli.run("lead", "show", "nobody", "--json").json()["standing"] == "never_seen"


# -- feeding


def test_bad_lines_are_told_by_number_and_the_others_sent(cli: CommandLine) -> None:
    bad_score = encode(score("eve", "engagement", "83", 1))
    content = lines(score("eve", "engagement", 12, 2)) + bad_score + b"\n\n{nonsense\n"
    fed = cli.run("feed", "-", stdin=content + lines(score("eve", "demographic", 13, 2)))
    assert fed.code == 1
    assert "2 sent, 2 invalid" in fed.out
    assert "-:2: score must be a number, found text" in fed.err
    assert "-:4: the value is not JSON" in fed.err
    eventually(lambda: cli.run("lead", "show", "eve"), lambda done: done.code == 0 and "demographic" in done.out)


def test_a_file_that_is_not_there_is_refused(cli: CommandLine) -> None:
    assert cli.run("feed", "nowhere.jsonl").code == 1


# -- dead letters


def test_dead_letters_are_listed_and_sent_back_once(cli: CommandLine) -> None:
    assert cli.run("dead-letters", "list", "--reason", "no such reason").fine().out == "no matching dead letters\n"
    cli.send("lead-score-changed", b"dora", encode(score("dora", "engagement", "9", 1)))
    cli.send("lead-score-changed", b"dora", None)
    cli.send("lead-changed", b"dora", b"{}")
    wanted = ("--topic", "lead-score-changed", "--key", "dora")
    listed = eventually(
        lambda: cli.run("dead-letters", "list", *wanted, "--json"), lambda done: len(done.json()) == 2
    ).json()
    text, empty = listed
    assert text["reason"] == "score must be a number, found text"
    assert json.loads(text["value"])["lead_id"] == "dora"
    assert "value" not in empty
    assert len(cli.run("dead-letters", "list", "--key", "dora", "--reason", "MISSING", "--json").fine().json()) == 1
    shown = cli.run("dead-letters", "list", "--limit", "1").fine()
    assert f"from {cli.prefix}lead-" in shown.out
    assert "--limit 0 shows all" in shown.err

    assert cli.run("dead-letters", "replay", "--key", "dora").code == 1  # nobody there to say yes
    assert cli.run("dead-letters", "replay").code == 2
    assert cli.run("dead-letters", "replay", "7", "--yes").code == 2
    assert cli.run("dead-letters", "replay", "0:999999", "--yes").code == 1
    assert "1 sent back" in cli.run("dead-letters", "replay", text["letter"], "--yes").fine().out
    second = cli.run("dead-letters", "replay", text["letter"], "--yes").fine()
    assert "nothing to send back" in second.out
    assert "were sent back before" in second.err
    # It is as bad as before, so it came back, with what it had and where it had been.
    back = eventually(
        lambda: cli.run("dead-letters", "list", *wanted, "--json"), lambda done: len(done.json()) == 3
    ).json()[-1]
    assert back["value"] == text["value"]
    assert {"name": "dl_replayed_from", "value": text["letter"]} in back["headers"]
    rest = cli.run("dead-letters", "replay", *wanted, "--yes").fine()
    assert "2 sent back" in rest.out
    assert "1 left out, because they were sent back before" in rest.err


def test_a_dead_letter_is_sent_back_to_inputs_of_this_installation_only(cli: CommandLine) -> None:
    def letter(topic: str, partition: bytes = b"0") -> None:
        headers: list[Any] = [("dl_topic", topic.encode()), ("dl_partition", partition), ("dl_offset", b"7")]
        record = encode({"lead_id": "mallory"})
        cli.send("lead-dead-letters", b"mallory", record, [*headers, ("dl_reason", b"made up")])

    for topic in ("feature-commands", "lead-state", "qualification-models", "lead-qualified"):
        letter(cli.prefix + topic)
    letter("lead-score-changed")
    letter("\x1b[2J")
    for partition in (b"-1", b"x", b"\xff", b"9" * 5000, b""):
        letter(cli.prefix + "lead-score-changed", partition)
    listed = cli.run("dead-letters", "list", "--key", "mallory", "--json").fine().json()
    assert [one.get("topic_partition") for one in listed] == [0] * 6 + [None] * 5
    shown = cli.run("dead-letters", "list", "--key", "mallory").fine().out
    assert "\x1b" not in shown
    done = cli.run("dead-letters", "replay", "--key", "mallory", "--yes").fine()
    assert done.out == "5 sent back\n"
    assert "6 name a topic that is not an input of this installation" in done.err
    assert f"{cli.prefix}feature-commands" in done.err


# -- exit codes


def test_a_broker_that_does_not_answer_is_told_within_ten_seconds(cli: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        begun = time.monotonic()
        done = cli.run("model", "list", KAFKA_BOOTSTRAP_SERVERS=address)
        assert done.code == 3
        assert time.monotonic() - begun < 14  # the process's own start included
        assert address in done.err
        assert "Traceback" not in done.err


def test_without_an_address_and_without_a_demo_there_is_no_broker(cli: CommandLine) -> None:
    done = cli.run("model", "list", KAFKA_BOOTSTRAP_SERVERS="")
    assert done.code == 3
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.err


def test_a_setting_that_cannot_be_used_is_a_matter_of_usage(cli: CommandLine) -> None:
    done = cli.run("model", "list", LEAD_QUALIFIER_PARTITIONS="many")
    assert done.code == 2
    assert "LEAD_QUALIFIER_PARTITIONS" in done.err
    warned = cli.run("model", "list", LEAD_QUALIFIER_PARTITION="2").fine()
    assert "did you mean LEAD_QUALIFIER_PARTITIONS?" in warned.err


def test_missing_topics_are_told_with_what_creates_them(cli: CommandLine) -> None:
    other = f"{cli.prefix}none."
    (cli.folder / "any.yaml").write_text(MODEL.format(id="any", threshold=1))
    for arguments in (
        ("model", "list"),
        ("model", "apply", "any.yaml"),
        ("lead", "show", "x"),
        ("dead-letters", "list"),
        ("feed", "any.yaml"),
        ("scoring-model", "set", "x", "--status", "live"),
    ):
        done = cli.run(*arguments, LEAD_QUALIFIER_TOPIC_PREFIX=other)
        assert done.code == 1, done
        assert "lead-qualifier topics create" in done.err


def test_without_a_worker_a_command_gets_no_answer(kafka: Broker, tmp_path: Path) -> None:
    cli = CommandLine(kafka.bootstrap_servers, tmp_path)
    try:
        cli.run("topics", "create").fine()
        begun = time.monotonic()
        done = cli.run("feature", "enable", "lead-management", LEAD_QUALIFIER_COMMAND_TIMEOUT="1.5")
        assert done.code == 4
        assert time.monotonic() - begun < 12
        assert "lead-qualifier worker" in done.err
        for more in ((), ("--json",)):
            sent = cli.run("scoring-model", "set", "x", "--status", "live", *more, LEAD_QUALIFIER_COMMAND_TIMEOUT="1")
            assert sent.code == 4
            assert sent.err.replace("1 s", "1.5 s") == done.err
            assert not more or sent.json()["confirmed"] is False
        # A worker that comes later carries out what was sent.
        cli.start_worker().wait_ready()
        eventually(
            lambda: cli.run("model", "list", "--json"),
            lambda done: done.json()["lead_management"] and len(done.json()["scoring_models"]) == 1,
        )
    finally:
        cli.close()


def test_a_second_worker_on_the_same_port_is_told_to_choose_another(cli: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = cli.run("worker", "--web-port", str(taken.getsockname()[1]))
    assert done.code == 1
    assert "--web-port" in done.err
    assert "Traceback" not in done.err
