"""The demo where nobody watches: it qualifies leads, ends by itself or when told to, and goes on the next time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka.admin import AdminClient

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import environment

pytestmark = pytest.mark.broker


@pytest.fixture
def settings(kafka: Broker, tmp_path: Path) -> Iterator[dict[str, str]]:
    prefix = f"demo{uuid.uuid4().hex[:8]}."
    yield environment(
        {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "LEAD_QUALIFIER_TOPIC_PREFIX": prefix,
            "LEAD_QUALIFIER_APPLICATION_ID": f"demo-{uuid.uuid4().hex[:8]}",
            "LEAD_QUALIFIER_DATA_DIR": str(tmp_path),
            "LEAD_QUALIFIER_WEB_PORT": "0",
            "LEAD_QUALIFIER_PARTITIONS": "4",
            "LEAD_QUALIFIER_ID_NORMALISATION": "guid",  # as of an installation: not of the demo's own leads
            "PYTHONUNBUFFERED": "1",
        }
    )
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    topics = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    for future in admin.delete_topics(topics).values():
        future.exception()


def demo(settings: dict[str, str], folder: Path, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lead_qualifier", "demo"],
        cwd=folder,
        env={**settings, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_ends_by_itself_and_goes_on_from_there(settings: dict[str, str], tmp_path: Path) -> None:
    first = demo(settings, tmp_path, DEMO_EVENTS="300")
    out, _ = first.communicate(timeout=100)
    assert first.returncode == 0, out
    assert re.match(r"Console: http://127\.0\.0\.1:\d+/enter\?key=\S+\nBroker: ", out), out
    assert list(tmp_path.glob("*/console.sqlite3")), "beside what the broker or the demo keeps"
    assert "enterprise is live in version 1" in out
    assert re.search(r"qualified L-\d+ by enterprise v1: engagement \d+ >= 70 met, demographic \d+ >= 50 met; ", out)
    assert "status_reason new -> marketing_qualified, sales_ready no -> yes" in out
    assert "model publish enthusiasts" in out
    assert "Done: 300 events produced and decided." in out
    assert "decided 300, waiting 0" in out
    leads = set(re.findall(r"qualified (L-\d+) by", out))
    assert re.search(r"journey entries [1-9]\d*, assigned [1-9]\d*, steps due [1-9]\d*", out)
    followed = re.search(r"One lead followed: (L-\d+) \w+ \w+\n(.*\n){4}", out)
    assert followed is not None, out
    assert "  qualified by enterprise v1 (engagement " in followed[0]
    assert "  enters journey welcome v1" in followed[0]
    assert re.search(
        r"  assigned to (seller S-\d|team key-accounts) \(segment \w+, rule [\w-]+\)|\(by hand\)", followed[0]
    )
    assert "  steps of sequence first-contact v1 due: hello, then call" in followed[0]
    report = subprocess.run(
        [sys.executable, "-m", "lead_qualifier", "model", "report", "enterprise", "--json"],
        cwd=tmp_path,
        env=settings | {"LEAD_QUALIFIER_ID_NORMALISATION": "none"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    total = json.loads(report.stdout)["total"]
    assert total["accepted"] + total["rejected"] > total["qualified"] / 2  # sales has answered

    second = demo(settings, tmp_path, DEMO_EVENTS="200", DEMO_RATE="0")
    out, _ = second.communicate(timeout=100)
    assert second.returncode == 0, out
    assert "exist already" in out
    assert "is live in version" not in out  # what is set up is not set up again
    assert "decided 200, waiting 0" in out
    assert not leads & set(re.findall(r"qualified (L-\d+) by enterprise v1:", out))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes as Linux shows them")
def test_when_told_to_end_it_ends_all_it_started_within_seconds(settings: dict[str, str], tmp_path: Path) -> None:
    running = demo(settings, tmp_path)
    assert running.stdout is not None
    pages = httpx.Client(follow_redirects=True, timeout=60)
    link = running.stdout.readline().removeprefix("Console: ").strip()
    assert pages.get(link).status_code == 200  # it waits until the console runs
    seen = ""
    while "qualified L-" not in seen:
        seen = running.stdout.readline()
        assert seen, "the demo ended"
    lead_id = re.findall(r"qualified (L-\d+)", seen)[0]
    deadline = time.monotonic() + 30
    while f">{lead_id}<" not in pages.get(f"{link.partition('/enter')[0]}/leads?q={lead_id}").text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    started = children(running.pid)
    assert 3 <= len(started) <= 4  # the downstream services begin last
    running.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    out = running.stdout.read()
    assert running.wait(30) == 0, out
    assert time.monotonic() - begun < 15
    assert "The next run continues from here." in out
    assert not any(alive(pid) for pid in started)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes as Linux shows them")
def test_nothing_of_it_outlives_one_that_was_killed(settings: dict[str, str], tmp_path: Path) -> None:
    running = demo(settings, tmp_path)
    assert running.stdout is not None
    while "Worker: ready" not in running.stdout.readline():
        assert running.poll() is None
    started = children(running.pid)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in started):
        assert time.monotonic() < deadline
        time.sleep(0.1)
