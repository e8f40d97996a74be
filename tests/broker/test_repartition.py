"""`repartition`: leads, models and marks go over to another number of partitions, and nobody qualifies twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from tests.broker.conftest import Install
from tests.oracle.reading import partition_of
from tests.support.command_line import CommandLine
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, encode, feature, model, score, scoring_model
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

BEFORE, AFTER = 4, 6
LEADS = 300


@pytest.fixture(scope="module")
def here(install: Install) -> Installation:
    """300 leads on 4 partitions, 200 of them qualified, one erased, one broken score; its worker was stopped."""
    here = install(partitions=BEFORE)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    here.changes(*(change(lead(n), 0, status="open", owner_id=f"U-{n}") for n in range(0, LEADS, 7)))
    here.settle()
    here.scores(*first_scores())
    here.settle()
    here.erase(lead(299))
    here.send_bytes("lead-score-changed", b"L-0", b"{broken}")
    here.settle_and_check()
    assert len(here.qualified()) == 200
    for worker in here.running():
        assert worker.terminate()[0] == 0
    return here


def lead(number: int) -> str:
    return f"L-{number}"


def first_scores(count: int = LEADS) -> list[dict[str, Any]]:
    """The same each time, event_id included."""
    return [score(lead(n), "engagement", 70 if n % 3 else 20, 1) | {"event_id": f"first-{n}"} for n in range(count)]


def cli(here: Installation, folder: Path) -> CommandLine:
    line = CommandLine(here.bootstrap, folder, partitions=here.partitions)
    line.prefix = here.prefix
    line.environment |= {
        "LEAD_QUALIFIER_TOPIC_PREFIX": here.prefix,
        "LEAD_QUALIFIER_APPLICATION_ID": here.application_id,
    }
    return line


def moved(here: Installation, prefix: str, folder: Path) -> Installation:
    """The same installation on its new topics: what the oracle knows goes with it."""
    there = Installation(here.bootstrap, folder, partitions=AFTER)
    there.prefix, there.application_id = prefix, here.application_id
    there._environment |= {
        "LEAD_QUALIFIER_TOPIC_PREFIX": prefix,
        "LEAD_QUALIFIER_APPLICATION_ID": here.application_id,
    }
    there.oracle = here.oracle
    there.oracle.partitions = AFTER
    return there


def held(here: Installation, prefix: str) -> dict[bytes, tuple[int, bytes]]:
    """Partition and value of each lead's newest record."""
    reader = TopicReader(here.bootstrap, prefix, ("lead-state",))
    reader.read()
    reader.close()
    newest = {record.key: (record.partition, record.value) for record in reader.records["lead-state"]}
    return {
        key: (at, value) for key, (at, value) in newest.items() if key and key != CHECKPOINT_KEY and value is not None
    }


def topics(here: Installation, prefix: str) -> list[str]:
    return [name for name in here.admin.list_topics(timeout=10).topics if name.startswith(prefix)]


def test_leads_move_to_new_partitions_and_none_qualifies_twice(here: Installation, tmp_path: Path) -> None:
    line = cli(here, tmp_path)
    new = f"{here.prefix}p{AFTER}."
    settings = {"LEAD_QUALIFIER_TOPIC_PREFIX": new, "LEAD_QUALIFIER_PARTITIONS": str(AFTER)}
    refused = line.run("worker", LEAD_QUALIFIER_PARTITIONS=str(AFTER))
    assert refused.code == 1
    assert f"lead-qualifier repartition --partitions {AFTER}" in refused.err

    asked = line.run("repartition", "--partitions", str(AFTER), stdin=b"n\n")
    assert asked.code == 1
    assert "nothing was copied" in asked.err
    assert " ".join(f"{name}={value}" for name, value in settings.items()) in asked.err
    assert not topics(here, new)

    before = held(here, here.prefix)
    done = line.run("repartition", "--partitions", str(AFTER), "--history", "--yes", "--json").fine().json()
    assert done["topic_prefix"] == new
    records = {topic: copied["records"] for topic, copied in done["copied"].items()}
    assert (records["lead-state"], records["lead-qualified"], records["lead-dead-letters"]) == (LEADS, 200, 1)
    after = held(here, new)
    assert {key: value for key, (_, value) in after.items()} == {key: value for key, (_, value) in before.items()}
    assert all(partition == partition_of(key, AFTER) for key, (partition, _) in after.items())
    assert held(here, here.prefix) == before
    beyond = cli(here, tmp_path)
    beyond.environment |= settings
    assert "simple" in beyond.run("model", "list").fine().out
    again = line.run("repartition", "--partitions", str(AFTER), "--yes")
    assert again.code == 1
    assert "holds records already" in again.err

    there = moved(here, new, tmp_path)
    place = f"{here.prefix}lead-dead-letters:{partition_of(b'L-0', BEFORE)}:0".encode()
    there.oracle.dead = [replace(record, headers=(("dl_moved_from", place),)) for record in there.oracle.dead]
    worker = there.start_worker()
    worker.wait_ready()
    assert worker.metric("lead_qualifier_held_keys", application="leads") == LEADS  # of one that it was erased
    there.scores(*first_scores(LEADS - 1))
    there.settle_and_check()
    assert len(there.qualified()) == 200, "somebody qualified twice"
    there.scores(*(score(lead(n), "engagement", 90, 5) for n in range(LEADS, LEADS + 30)))
    there.scores(score(lead(3), "engagement", 55, 5))
    there.changes(change(lead(1), 6, status="open", status_reason="new", sales_ready=False))
    there.settle()
    there.scores(score(lead(1), "engagement", 91, 7))
    there.settle()
    there.order(
        command("stop", "simple"), apply(model("simple", "all", {"engagement": 10})), command("publish", "simple")
    )
    there.settle_and_check()
    numbers = [
        (event["qualification_number"], event["qualification_model_version"]) for event in there.qualified("L-1")
    ]
    assert numbers == [(1, 1), (2, 1)]
    # everybody once, and L-1 after its reset; the erased one is among the events that were copied
    assert len(there.qualified()) == len({(e["lead_id"], e["qualification_number"]) for e in there.qualified()})
    assert len(there.qualified()) == LEADS + 30 + 1
    assert "marketing_qualified" in beyond.run("lead", "show", lead(1)).fine().out
    assert "no dead letters" not in beyond.run("dead-letters", "list").fine().out
    assert f"1 to {new}lead-score-changed" in beyond.run("dead-letters", "replay", "--all", stdin=b"n\n").out
    there.close()


def test_what_is_not_at_rest_or_already_there_is_refused(here: Installation, tmp_path: Path) -> None:
    line = cli(here, tmp_path)
    same = line.run("repartition", "--partitions", str(BEFORE), "--yes")
    assert same.code == 1
    assert "has 4 partitions already" in same.err
    assert line.run("repartition", "--partitions", "3", "--to-prefix", here.prefix).code == 2
    assert line.run("repartition", "--partitions", "3", "--to-prefix", "in valid").code == 2
    nowhere = line.run("repartition", "--partitions", "3", LEAD_QUALIFIER_TOPIC_PREFIX="none.")
    assert nowhere.code == 1
    assert "does not exist" in nowhere.err

    line.send("lead-score-changed", b"L-1", encode(score("L-1", "engagement", 1, 99)))
    open_one = line.run("repartition", "--partitions", "3", "--yes")
    assert open_one.code == 1
    assert f"lead-score-changed-{partition_of(b'L-1', BEFORE)} (up to 1 records)" in open_one.err
    assert not topics(here, f"{here.prefix}p3.")

    worker = here.start_worker()
    worker.wait_ready()
    running = line.run("repartition", "--partitions", "3", "--yes")
    assert running.code == 1
    assert "stop all of them first" in running.err
    assert worker.terminate()[0] == 0
    assert "from 4 to 3 partitions" in line.run("repartition", "--partitions", "3", "--yes").fine().out
