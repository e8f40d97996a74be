"""Workers that come, go, die and freeze under load: what came out is exactly what was foretold, and soon."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from tests.broker.conftest import Install
from tests.oracle.reading import partition_of
from tests.support.installation import Installation
from tests.support.load import AS_USERS, Load, publish_all
from tests.support.messages import apply, command, model, score, scoring_model
from tests.support.worker_process import WorkerProcess
from tests.support.workload import Workload

pytestmark = pytest.mark.broker

TAKEOVER_SECONDS = 30
#: For a sweep that takes a while.
LEADS = 10_000


@pytest.fixture(scope="module")
def here(install: Install) -> Installation:
    """One worker, and all models live."""
    here = install(**AS_USERS)
    here.start_worker().wait_ready()
    publish_all(here)
    return here


@pytest.fixture(scope="module")
def workload() -> Workload:
    return Workload(7, 400)


def have(here: Installation, count: int) -> list[WorkerProcess]:
    """So many workers, each with its share of the partitions."""
    while len(here.running()) < count:
        here.start_worker().wait_ready()
    deadline = time.monotonic() + 30
    while not all(worker.metric("lead_qualifier_open_partitions") for worker in here.running()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return here.running()


def test_two_workers_join_and_leave_under_load_without_loss_or_repetition(
    here: Installation, workload: Workload
) -> None:
    first = have(here, 1)[0]
    with Load(here, workload, per_second=1000) as load:
        second = here.start_worker()
        print(f"a second worker is ready after {second.wait_ready():.1f} s")
        time.sleep(1)
        code, seconds = first.terminate()
        print(f"the first stops within {seconds:.1f} s of SIGTERM")
        assert code == 0
        assert seconds < 10
        here.start_worker().wait_ready()
        time.sleep(1)
        have(here, 2)
    here.settle_and_check()
    print(f"{load.sent} records, {len(here.qualified())} qualifications so far")


def test_a_change_of_criteria_reaches_three_workers_in_an_instant(here: Installation) -> None:
    workers = have(here, 3)
    here.order(apply(model("swift", "all", {"attendance": 10**6})))
    took: list[float] = []
    for _ in range(4):
        publish = command("publish", "swift")
        here.send("qualification-commands", publish)
        revision = here.outcome(publish["command_id"])["revision"]
        told = time.monotonic()
        known: list[float] = []

        def watch(number: int, revision: int = revision, known: list[float] = known) -> None:
            while workers[number].metric("lead_qualifier_criteria_revision") < revision:
                time.sleep(0.02)
            known.append(time.monotonic())

        threads = [Thread(target=watch, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(known) == 3
        took.append(max(known) - told)
        here.order(command("stop", "swift"))
    print("a publish is known to 3 workers after (ms)", [round(one * 1000) for one in sorted(took)])
    assert min(took) < 2
    here.check()


def test_after_kill_9_another_worker_takes_over_within_30_seconds(here: Installation, workload: Workload) -> None:
    """Of one whose session is as users have it; the others' end sooner here."""
    have(here, 1)
    victim = here.start_worker(session=None)
    victim.wait_ready()
    have(here, 2)
    with Load(here, workload, per_second=500):
        time.sleep(1)
        victim.kill()
        killed = time.monotonic()
        missing = unprocessed(here, "after-kill", within=2 * TAKEOVER_SECONDS)
        seconds = time.monotonic() - killed
        print(f"every partition is decided again {seconds:.1f} s after kill -9")
    here.settle_and_check()
    assert not missing
    assert seconds < TAKEOVER_SECONDS


def test_a_worker_that_freezes_and_thaws_again_writes_nothing_of_what_it_was_about_to(
    here: Installation, workload: Workload
) -> None:
    frozen = have(here, 2)[0]
    with Load(here, workload, per_second=500):
        time.sleep(0.5)
        frozen.freeze()
        assert not unprocessed(here, "while-frozen", within=2 * TAKEOVER_SECONDS)
        frozen.thaw()
        time.sleep(1)
        assert not unprocessed(here, "thawed", within=2 * TAKEOVER_SECONDS)
    here.settle_and_check()
    print("the thawed worker", "works again" if frozen.running else f"ended with {frozen.process.returncode}")


def unprocessed(here: Installation, name: str, *, within: float) -> set[str]:
    """Send a score that qualifies, of a new lead, to each partition; returns the leads that did not in that time."""
    leads: dict[int, str] = {}
    number = 0
    while len(leads) < here.partitions:
        number += 1
        leads.setdefault(partition_of(f"{name}-{number}".encode(), here.partitions), f"{name}-{number}")
    here.scores(*(score(lead_id, "attendance", 99, 0) for lead_id in leads.values()))
    here.flush()
    waiting = set(leads.values())
    deadline = time.monotonic() + within
    while waiting and time.monotonic() < deadline:
        here.outs.read()
        waiting -= {event["lead_id"] for event in here.qualified()}
        time.sleep(0.05)
    return waiting


def test_a_restarted_worker_continues_where_the_last_one_stopped(here: Installation, workload: Workload) -> None:
    with Load(here, workload, per_second=1000):
        time.sleep(1)
        for worker in here.running():
            assert worker.terminate()[0] == 0
        time.sleep(0.5)
    here.start_worker().wait_ready()
    here.settle_and_check()
    revision = here.running()[0].metric("lead_qualifier_criteria_revision")
    # and once more, with nothing to do: nothing is decided twice, nothing swept again
    ends = here.outs.ends()
    here.running()[0].terminate()
    worker = here.start_worker()
    worker.wait_ready()
    here.settle_and_check()
    written = {topic for (topic, number), end in here.outs.ends().items() if end != ends[topic, number]}
    # its own notes, and the criteria, which it shows anew
    assert not [topic for topic in written if not topic.endswith(("lead-state", "qualification-models"))]
    assert worker.metric("lead_qualifier_criteria_revision") == revision


def test_a_worker_killed_in_a_sweep_leaves_nothing_out_and_nothing_twice(here: Installation) -> None:
    here.announce(scoring_model("mass", "live"))
    here.scores(*(score(f"mass-{number}", "mass", number % 100, 0) for number in range(LEADS)))
    here.settle()
    have(here, 2)
    publish = command("publish", "mass", 1)
    here.order(apply(model("mass", "all", {"mass": 40})))
    here.send("qualification-commands", publish)
    here.outcome(publish["command_id"])
    time.sleep(0.1)
    here.running()[0].kill()
    visible = len([record for record in here.outs.read() if record.topic == "lead-qualified"])
    here.settle_and_check()
    swept = [event for event in here.qualified() if event["qualification_model_id"] == "mass"]
    assert len(swept) == LEADS * 6 // 10
    print(f"{visible} of {len(swept)} were swept when the worker was killed")
    assert {event["origin"] for event in swept} == {"sweep"}
