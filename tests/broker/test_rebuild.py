"""`rebuild` on a real broker: the same state and the same event ids from the inputs alone, and workers that go over."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from tests.broker.conftest import Install
from tests.support.command_line import CommandLine
from tests.support.installation import Installation
from tests.support.messages import (
    apply,
    at,
    change,
    command,
    feature,
    merged,
    model,
    sales_response,
    score,
    scoring_model,
)
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

LEADS = 200


def lead(number: int) -> str:
    return f"L-{number}"


@pytest.fixture(scope="module")
def here(install: Install) -> Installation:
    """A workload with everything in it, settled wherever the order between topics matters. Its worker runs."""
    here = install(partitions=4)
    here.start_worker().wait_ready()
    here.announce(*(scoring_model(name, "live") for name in ("engagement", "demographic", "intent")))
    both = model("both", "all", {"engagement": 60, "demographic": 40})
    simple = model("simple", "any", {"engagement": 50})
    here.order(feature("enable"), apply(simple), command("publish", "simple"), apply(both), command("publish", "both"))
    nested = model("nested", "any", {"intent": 90})
    group = [{"scoring_model": name, "threshold": 30} for name in ("engagement", "demographic")]
    nested["criteria"].append({"all": group})
    here.order(apply(nested), command("publish", "nested"))
    here.changes(*(change(lead(n), 0, status="open", owner_id=f"U-{n}") for n in range(0, LEADS, 7)))
    here.settle()
    here.scores(
        *(score(lead(n), "engagement", n * 37 % 101, 1) for n in range(LEADS)),
        *(score(lead(n), "demographic", n * 53 % 101, 2) for n in range(LEADS)),
        *(score(lead(n), "engagement", 99, 0.5) for n in range(0, LEADS, 9)),  # stale
    )
    here.send_bytes("lead-score-changed", b"L-0", b"{broken}")
    here.settle()
    # resets and closes, an erased lead that comes back, another version that sweeps, an engine that stops
    here.changes(*(change(lead(n), 3, status_reason="new", sales_ready=False) for n in range(0, LEADS, 5)))
    here.changes(*(change(lead(n), 3, status="disqualified") for n in range(1, LEADS, 11)))
    here.erase(lead(199), lead(42))
    here.settle()
    here.scores(*(score(lead(n), "engagement", n * 41 % 101, 4) for n in range(0, LEADS, 2)))
    here.settle()
    here.announce(scoring_model("demographic", "stopped", 5))
    here.scores(*(score(lead(n), "demographic", 100, 6) for n in range(0, LEADS, 3)))
    here.settle()
    here.send("lead-merged", *(merged(lead(n), lead(n + 1), 8) for n in range(2, LEADS - 50, 25)))
    here.settle()
    lower = model("simple", "any", {"engagement": 20})
    here.order(command("stop", "simple"), apply(lower), command("publish", "simple"))
    here.scores(*(score(lead(n), "engagement", 95, 7) for n in range(LEADS - 50, LEADS + 10)))
    here.settle()
    # changes that bring leads into an audience or onto a fast track
    meant = {"attribute": "country", "one_of": ["DE", "AT"]}
    asks = {"attribute": "asks", "equals": True}
    inbound = model("inbound", "any", {"intent": 40}, actions={"sales_ready": True}, audience=meant, fast_track=asks)
    here.order(apply(inbound), command("publish", "inbound"))
    here.scores(*(score(lead(n), "intent", n % 80, 8) for n in range(LEADS)))
    here.settle()
    countries = ("DE", "FR", "AT")
    told = (
        change(lead(n), 9, attributes={"country": countries[n % 3], "asks": n % 4 == 0}) for n in range(0, LEADS, 7)
    )
    here.changes(*told)
    here.settle_and_check()
    assert {event["qualification_number"] for event in here.qualified()} == {1, 2}
    assert {event["origin"] for event in here.qualified()} == {"live", "sweep", "fast_track"}
    return here


def cli(here: Installation, folder: Path) -> CommandLine:
    line = CommandLine(here.bootstrap, folder, partitions=here.partitions)
    line.prefix = here.prefix
    line.environment |= {
        "LEAD_QUALIFIER_TOPIC_PREFIX": here.prefix,
        "LEAD_QUALIFIER_APPLICATION_ID": here.application_id,
    }
    return line


def held(here: Installation, prefix: str) -> dict[tuple[int, bytes], bytes]:
    """Each lead's newest record, by partition and key."""
    reader = TopicReader(here.bootstrap, prefix, ("lead-state",))
    reader.read()
    reader.close()
    newest = {(one.partition, one.key): one.value for one in reader.records["lead-state"] if one.key != CHECKPOINT_KEY}
    return {(at, key): value for (at, key), value in newest.items() if key is not None and value is not None}


def rebuilt(line: CommandLine, name: str, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = line.run("rebuild", "--from", "earliest", "--as", name, "--json", *more).fine().json()
    return found


def same(found: dict[str, Any]) -> tuple[Any, ...]:
    return found["leads"], found["qualifications"], found["records"], found["rejected"], found["rules_changes"]


def test_two_rebuilds_equal_each_other_and_the_workers_state(here: Installation, tmp_path: Path) -> None:
    line = cli(here, tmp_path)
    before = held(here, here.prefix)
    first, second = (rebuilt(line, name) for name in ("first", "second"))
    assert same(first) == same(second)
    assert first["state_prefix"] == f"{here.prefix}first."
    assert first["leads"]["count"] == len(before)
    assert first["compared"] == {"live": len(before), "equal": len(before), "ahead": 0, "differences": {}}
    ids = {event["event_id"] for event in here.qualified()}
    assert first["qualifications"]["count"] == first["qualifications"]["live"] == len(ids)
    assert (first["qualifications"]["only_live"], first["qualifications"]["only_rebuilt"]) == (0, 0)
    assert (first["rejected"], first["workers_run"], first["undecided_records"]) == (1, True, 0)
    assert held(here, first["state_prefix"]) == held(here, second["state_prefix"]) == before
    assert held(here, here.prefix) == before, "the workers' state was only read"
    shown = line.run("rebuild", "--from", "earliest", "--as", "first").fine()
    assert f"{len(before)} of {len(before)} leads that the workers hold are identical" in " ".join(shown.out.split())
    settings = f"LEAD_QUALIFIER_APPLICATION_ID=first LEAD_QUALIFIER_STATE_PREFIX={here.prefix}first."
    assert settings in shown.out
    assert "before you switch, stop them and rebuild again" in shown.err


def test_from_a_time_on_the_differences_are_listed(here: Installation, tmp_path: Path) -> None:
    line = cli(here, tmp_path)
    found = (
        line.run("rebuild", "--from", "2999-01-01T00:00:00Z", "--as", "late", "--json", "--limit", "3").fine().json()
    )
    differences = found["compared"]["differences"]
    # what the CRM said is read from the beginning: those leads are there, without a score
    assert differences["only_live"] > 100
    assert differences["scores"] > 20
    assert len(found["differences"]) == 3
    assert all(one["live"] for one in found["differences"])
    # and so are the fast tracks that they took, as if nothing had qualified them before
    raised = [n for n in range(0, LEADS, 28) if n % 3 != 1 and n % 11 != 1]
    assert found["qualifications"]["count"] == len(raised)
    assert found["qualifications"]["only_live"] >= len(here.qualified()) - len(raised)


def test_what_cannot_be_is_refused(here: Installation, tmp_path: Path) -> None:
    line = cli(here, tmp_path)
    own = line.run("rebuild", "--from", "earliest", "--as", here.application_id)
    assert own.code == 1
    assert "is the current application id" in own.err
    for arguments in (("--from", "yesterday", "--as", "x"), ("--from", "2026-11-23T09:30:00", "--as", "x")):
        bad = line.run("rebuild", *arguments)
        assert bad.code == 2
        assert "2026-11-23T09:30:00Z" in bad.err
    assert line.run("rebuild", "--from", "earliest", "--as", "no good").code == 2
    nowhere = line.run("rebuild", "--from", "earliest", "--as", "x", LEAD_QUALIFIER_TOPIC_PREFIX="none.")
    assert nowhere.code == 1
    assert "lead-qualifier topics create" in nowhere.err


def test_workers_switch_to_a_rebuild_and_nobody_qualifies_twice(here: Installation, tmp_path: Path) -> None:
    line = cli(here, tmp_path)
    here.erase(lead(7))
    here.scores(score(lead(900), "engagement", 80, 20))
    here.settle_and_check()
    for worker in here.running():
        assert worker.terminate()[0] == 0
    here.scores(score(lead(902), "engagement", 80, 20))  # nobody decides it before the rebuild
    here.flush()
    done = rebuilt(line, "first")  # over what an earlier test has rebuilt
    assert done["compared"]["ahead"] == 1
    assert done["workers_run"] is False
    assert done["compared"]["differences"] == {}
    assert held(here, done["state_prefix"]) == held(here, here.prefix)

    (tmp_path / "any.yaml").write_text(
        "{id: any, match: any, criteria: [{scoring_model: engagement, threshold: 1}], actions: {sales_ready: true}}"
    )
    settings = {"application_id": "first", "state_prefix": done["state_prefix"]}
    worker = here.start_worker(**settings)
    worker.wait_ready()
    assert worker.metric("lead_qualifier_held_keys", application="leads") == done["leads"]["count"]
    before = len(here.qualified())
    here.scores(score(lead(900), "engagement", 85, 21), score(lead(901), "engagement", 80, 21))
    here.flush()
    beyond = cli(here, tmp_path)
    beyond.environment |= {f"LEAD_QUALIFIER_{name.upper()}": value for name, value in settings.items()}
    deadline = time.monotonic() + 30
    while not decided(beyond, lead(900), 85) or not decided(beyond, lead(901), 80):
        assert time.monotonic() < deadline
    here.outs.read()
    new = sorted(event["lead_id"] for event in here.qualified()[before:])
    assert new == [lead(901), lead(902)], "nobody qualifies twice, and who came meanwhile does"
    beyond.run("topics", "check").fine()
    # two more, and of the erased one nothing is held but that
    assert beyond.run("model", "preview", "any.yaml", "--json").fine().json()["leads"] == done["leads"]["count"] + 1
    assert "both is stopped" in beyond.run("model", "stop", "both").fine().out
    running = line.run("rebuild", "--from", "earliest", "--as", "first")
    assert running.code == 1
    assert "processes of first run" in running.err
    assert worker.terminate()[0] == 0


def decided(line: CommandLine, lead_id: str, engagement: float) -> bool:
    shown = line.run("lead", "show", lead_id, "--json").json()
    return bool(shown["standing"] == "held" and shown["lead"]["scores"]["engagement"]["value"] == engagement)


def test_holds_end_in_a_rebuild_as_they_did(install: Install, tmp_path: Path) -> None:
    here = install(partitions=2)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("patient", "all", {"engagement": 70}, hold="4s")))
    here.order(command("publish", "patient"))
    here.scores(*(score(lead(n), "engagement", 80, 1) for n in range(20)))
    here.scores(score(lead(0), "engagement", 10, 2))
    here.settle()
    deadline = time.monotonic() + 30
    while len(here.qualified()) < 19:
        assert time.monotonic() < deadline
        here.outs.read()
    here.scores(*(score(lead(n), "engagement", 81, 3) for n in range(1, 40)))  # the new ones' holds run on
    here.settle()
    found = rebuilt(cli(here, tmp_path), "again")
    assert (found["qualifications"]["count"], found["qualifications"]["only_rebuilt"]) == (19, 0)
    # the workers' clock goes on where no record tells of the time any more
    waiting = {lead(n) for n in (0, *range(20, 40))}
    assert all(one["lead_id"] in waiting for one in found["differences"]), found["differences"]


def test_rejected_leads_are_rebuilt_as_sales_left_them(install: Install, tmp_path: Path) -> None:
    here = install(partitions=4)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    rule = {"cool_down": "10m", "reasons": {"wrong_person": {"requalify": False}, "typo": {}}}
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50}, on_rejection=rule)))
    here.order(command("publish", "simple"))
    here.changes(*(change(lead(n), 0, status="open") for n in range(60)))
    here.settle()
    here.scores(*(score(lead(n), "engagement", 60, 1) for n in range(60)))
    here.settle()
    reasons: list[dict[str, object]] = [{}, {"reason": "wrong_person"}, {"reason": "typo"}]
    rejected = [sales_response(lead(n), "rejected", 5, **reasons[n % 3]) for n in range(45)]
    here.send("lead-sales-response", *rejected, *rejected[:10])
    here.send("lead-sales-response", *(sales_response(lead(n), "accepted", 5) for n in range(45, 60)))
    here.send_bytes("lead-sales-response", b"L-1", b"{}")
    here.settle()
    here.scores(*(score(lead(n), "engagement", 61, 6) for n in range(60)))  # those of a typo at once
    here.settle()
    here.send("lead-sales-response", *(sales_response(lead(n), "rejected", 7) for n in range(2, 45, 9)))  # once more
    here.settle_and_check()
    assert len(here.qualified()) == 60 + 15
    assert here.running()[0].terminate()[0] == 0

    line = cli(here, tmp_path)
    done = rebuilt(line, "recycled")
    assert done["compared"] == {"live": 60, "equal": 60, "ahead": 0, "differences": {}}
    assert (done["qualifications"]["only_live"], done["qualifications"]["only_rebuilt"]) == (0, 0)
    assert done["rejected"] == 1
    assert held(here, done["state_prefix"]) == held(here, here.prefix)

    here.start_worker(application_id="recycled", state_prefix=done["state_prefix"]).wait_ready()
    before = len(here.qualified())
    here.scores(*(score(lead(n), "engagement", 62, 14) for n in range(60)))  # cooling down
    here.scores(*(score(lead(n), "engagement", 63, 18) for n in range(60)))  # over, but for the wrong person
    deadline = time.monotonic() + 30
    while len(here.qualified()) < before + 20:
        assert time.monotonic() < deadline
        here.outs.read()
    time.sleep(1)
    here.outs.read()
    again = {event["lead_id"]: event["occurred_at"] for event in here.qualified()[before:]}
    assert again.keys() == {lead(n) for n in (*range(0, 45, 3), *range(2, 45, 9))}
    assert {datetime.fromisoformat(one) for one in again.values()} == {datetime.fromisoformat(at(18))}
    assert len(here.qualified()) == before + len(again)


def test_without_the_audit_trail_nothing_is_rebuilt(install: Install, tmp_path: Path) -> None:
    here = install(partitions=2)
    here.start_worker().wait_ready()
    here.order(feature("enable"))
    assert here.workers[0].terminate()[0] == 0
    line = cli(here, tmp_path)
    line.recreate("qualification-model-changed")
    refused = line.run("rebuild", "--from", "earliest", "--as", "again")
    assert refused.code == 1
    assert "has the rules up to revision 0, but they are at revision 1" in refused.err
