"""Every alert fires for the fault that it is for: real processes, a real Prometheus, the rules that are shipped.

Minutes are played as seconds (`tests/support/prometheus.py`). The test stands in for Kubernetes, which reports on
containers: it serves the memory that a worker really has, and a limit.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.conftest import making_kafka
from tests.oracle.reading import partition_of
from tests.support.command_line import CommandLine
from tests.support.console_process import ConsoleProcess
from tests.support.dashboard import expressions
from tests.support.http_endpoint import Endpoint, Reply, Request, unused_port
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, feature, model, score, scoring_model
from tests.support.prometheus import Prometheus
from tests.support.sink import RunningSink
from tests.support.worker_process import WorkerProcess

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed (Debian: prometheus)"),
]

LEADS = 100
#: In which each process is scraped, and each rule evaluated, several times.
QUIET_SECONDS = 3
#: Panels of what does not happen while all is well, or not at these processes.
WITHOUT_FIGURES = {
    "Drafts in shadow",
    "Lead changes, merges and hand-overs",
    "Responses of sales",
    "Dead letters",
    "Restoration",
    "Spans",
    "Sweeps",
    "Outcomes of definitions",
    "Events by definition",
    "Attempts",
    "Time of an attempt",
    "Events of sinks",
    "Rebuild",
    "Commands of people",
}


class Site:
    """What an operator watches: two workers and a console of one installation, a sink and a worker of another."""

    def __init__(self, kafka: LocalKafka, folder: Path) -> None:
        self.kafka = kafka
        self.folder = folder
        self.hindrances = folder / "hindrances"
        self.hindrances.mkdir()
        self.here = Installation(kafka.bootstrap_servers, folder, partitions=2)
        self.steady = self.here.start_worker()
        self.steady.wait_ready()
        self.here.announce(scoring_model("engagement", "live"))
        self.here.order(
            feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple")
        )
        self.here.order(apply(model("patient", "all", {"engagement": 50}, hold="3s")), command("publish", "patient"))
        self.endpoint = Endpoint()
        self.other = CommandLine(kafka.bootstrap_servers, folder / "other")
        form = {
            "id": "crm",
            "url": self.endpoint.url,
            "topics": ["lead-qualified"],
            "secret_env": "CRM_SECRET",
            "timeout": "1s",
            "retry": {"first": "1s", "longest": "1s"},
            "circuit": {"failures": 2, "open_for": "1s"},
        }
        secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
        self.sink = RunningSink(self.other, "webhook", form, {"CRM_SECRET": secret})
        self.sender = self.sink.start()
        (folder / "prometheus").mkdir()
        self.prometheus = Prometheus(folder / "prometheus")
        self.console = self.start_console("console")
        self.processes = [self.steady, self.sender]
        self.memory_limit = 1 << 40
        self.kubelet = Endpoint(self.container_memory)
        self.hindered: WorkerProcess | None = None
        self.watch()

    def watch(self, *urls: str) -> None:
        """Scrape all processes, and these."""
        ours = [*(one.web() for one in self.processes), self.console.web()]
        self.prometheus.watch(*ours, self.kubelet.url, *urls)

    def start_console(self, name: str) -> ConsoleProcess:
        """One with a database of its own."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return ConsoleProcess({**self.here._environment, "LEAD_QUALIFIER_LOG_FORMAT": "json"}, folder)

    def container_memory(self, _request: Request) -> Reply:
        """What cAdvisor says of the steady worker, as if it had a container with a limit."""
        labels = '{namespace="leads", pod="lq-lead-qualifier-worker-0", container="worker"}'
        figures = {
            "container_memory_working_set_bytes": resident_bytes(self.steady),
            "container_spec_memory_limit_bytes": self.memory_limit,
        }
        lines = [f"{name}{labels} {value}\n" for name, value in figures.items()]
        return Reply(200, {"Content-Type": "text/plain; version=0.0.4"}, "".join(lines).encode())

    def start_hindered_worker(self, *arguments: str) -> WorkerProcess:
        """One that hangs at a step while a file says so."""
        worker = self.here.start_program("tests.support.hindered_worker", str(self.hindrances), *arguments)
        self.processes.append(worker)
        return worker

    def score(self, number: int, *, leads: str = "L", count: int = LEADS) -> None:
        """Scores of so many leads, at a new time."""
        self.here.scores(*(score(f"{leads}-{lead}", "engagement", 60, number) for lead in range(count)))
        self.here.flush()

    def until_firing(self, *alerts: str, seconds: float = 120, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until all of these fire, at any time each; then what they say of it is whole."""
        missing, deadline = {f"LeadQualifier{name}" for name in alerts}, time.monotonic() + seconds
        said: list[dict[str, Any]] = []
        while missing:
            fires = self.prometheus.firing()
            said += [one for one in fires if one["labels"]["alertname"] in missing]
            missing -= {one["labels"]["alertname"] for one in fires}
            assert time.monotonic() < deadline, f"never fired: {missing}\n{self._figures()}"
            meanwhile()
            time.sleep(0.3)
        for one in said:
            text = " ".join(one["annotations"].values())
            assert "<no value>" not in text
            assert "error" not in text.lower(), text

    def close(self) -> None:
        self.console.kill()
        for hindrance in self.hindrances.iterdir():
            hindrance.unlink()
        self.prometheus.close()
        for worker in (*self.here.workers, *self.other.workers):
            worker.thaw()
            if worker.running:
                worker.kill()
        self.endpoint.stop()
        self.kubelet.stop()

    def _figures(self) -> str:
        return "\n".join(
            f"{one['metric']} {one['value'][1]}" for one in self.prometheus.query('{__name__=~"lead_qualifier_.*|up"}')
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "other").mkdir()
    with making_kafka(tmp_path_factory) as make_kafka:
        made = Site(make_kafka(), folder)
        yield made
        made.close()


def test_nothing_fires_while_all_is_well_and_every_panel_has_its_figures(site: Site) -> None:
    site.score(1)
    site.here.changes(*(change(f"L-{lead}", 1) for lead in range(LEADS)))
    site.here.settle()
    numbers = itertools.count()
    began = quiet_from = time.monotonic()
    while time.monotonic() < quiet_from + QUIET_SECONDS:
        alerts, empty = site.prometheus.alerts(), without_figures(site) - WITHOUT_FIGURES
        if alerts or empty:
            quiet_from = time.monotonic()
            assert quiet_from < began + 60, (alerts, empty)
        site.score(next(numbers), leads="W", count=2)  # a silence would be noticed
        time.sleep(0.5)


def without_figures(site: Site) -> set[str]:
    """The panels that show nothing."""
    return {title for title, expression in expressions() if not site.prometheus.query(expression)}


def test_bad_input_a_bad_endpoint_a_topic_that_takes_too_little_and_consoles_whose_databases_fail(site: Site) -> None:
    assert site.console.terminate() == 0
    (site.folder / "broken").mkdir()
    (site.folder / "broken" / "console.sqlite3").write_bytes(b"x" * 4096)
    broken = site.start_console("broken")
    with locked(site.console.database) as database:
        database.execute("UPDATE lead_qualifier_projection SET complete = 0")
        database.execute("COMMIT")
        database.execute("BEGIN IMMEDIATE")
        site.console = site.start_console("console")
        site.watch(broken.web())
        bad_input_a_bad_endpoint_and_a_topic_that_takes_too_little(site)
    broken.kill()


@contextmanager
def locked(file: Path) -> Iterator[sqlite3.Connection]:
    """Within the block nobody else can write to an SQLite file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield database


def bad_input_a_bad_endpoint_and_a_topic_that_takes_too_little(site: Site) -> None:
    for number in range(20):
        site.here.send_bytes("lead-score-changed", f"bad-{number}".encode(), b"{")
    site.here.flush()
    site.endpoint.behave = lambda _request: Reply(422)
    for number in range(3):
        site.sink.send("lead-qualified", {"event_id": f"e-{number}", "lead_id": f"L-{number}"})
    site.sink.until(lambda: site.sender.metric("lead_qualifier_sink_events_total", outcome="dead_letter") == 3)
    site.endpoint.stop()
    for number in range(10):
        site.sink.send("lead-qualified", {"event_id": f"f-{number}", "lead_id": f"L-{number}"})
    # what is emitted does not fit any more
    set_topic(site, "lead-qualified", "max.message.bytes", "100")
    site.here.scores(*(score(f"N-{lead}", "engagement", 60, 1) for lead in range(20)))
    site.here.flush()
    site.memory_limit = round(1.05 * resident_bytes(site.steady))
    site.until_firing(
        *("DeadLetters", "SinkDeadLetters", "SinkCircuitOpen", "SinkLagging", "TransactionsAborting"),
        *("MemoryNearLimit", "DatabaseAway", "ConsoleRebuilding"),
    )
    site.memory_limit = 1 << 40
    set_topic(site, "lead-qualified", "max.message.bytes", "2000000")
    site.endpoint.behave = lambda _request: Reply()
    site.endpoint.start()


def test_a_worker_that_cannot_restore_and_another_that_gives_up_again_and_again(site: Site) -> None:
    for partition in range(2):  # somebody else writes to the state
        key = next(key for key in map("broken-{}".format, range(9)) if partition_of(key.encode(), 2) == partition)
        site.here.send_bytes("lead-state", key.encode(), b"{", partition=partition)
    site.here.flush()
    (site.hindrances / "open.begun").write_text("0")
    site.hindered = site.start_hindered_worker("86400")
    port = unused_port()
    site.other.environment["LEAD_QUALIFIER_WEB_PORT"] = str(port)
    failing = site.other.start_worker()
    failing.wait_ready()
    site.watch(failing.web())
    site.other.send("lead-changed", b"L-1", json.dumps(change("L-1", 1)).encode())
    site.sink.until(lambda: failing.metric("lead_qualifier_events_total") == 1)
    site.until_firing("RulesDiffer")  # it is another installation, and watched as if it were of the same
    site.other.recreate("lead-score-changed")

    def supervise() -> None:
        if not site.other.workers[-1].running:
            assert site.other.workers[-1].process.returncode == 70
            site.other.start_worker()

    site.until_firing(
        "PartitionsNotOpen", "NotReady", "RestorationStuck", "Restarting", "NoTraffic", meanwhile=supervise
    )
    site.other.workers[-1].kill()
    (site.hindrances / "open.begun").unlink()
    site.hindered.wait_ready()
    site.watch()
    site.score(2)
    site.until_firing("UnreadableState", "ClockDiffers")


def test_a_worker_that_hangs_in_a_sweep_and_one_that_is_frozen(site: Site) -> None:
    assert site.hindered is not None
    (site.hindrances / "sweep.chunk").write_text("2")
    site.score(1, leads="H")  # their hold ends while the worker hangs
    site.here.send("qualification-commands", apply(model("late", "all", {"engagement": 99})))
    site.here.send("qualification-commands", command("publish", "late"))
    numbers = iter(range(3, 10_000))
    with locked(site.console.database):
        site.until_firing(
            *("SweepStuck", "Lagging", "FallingBehind", "NotCommitting", "TimersOverdue", "ConsoleBehind"),
            meanwhile=lambda: site.score(next(numbers), count=20),
        )
    (site.hindrances / "sweep.chunk").unlink()
    site.steady.freeze()
    site.until_firing("ProcessDown")
    site.steady.thaw()


def test_a_broker_that_is_gone_and_then_all_workers(site: Site) -> None:
    site.kafka.kill()
    site.until_firing("BrokerUnreachable")
    for worker in site.here.running():
        worker.kill()
    site.sender.kill()
    site.console.kill()
    site.until_firing("NoWorker", "ServiceGone", seconds=180)


def resident_bytes(worker: WorkerProcess) -> int:
    """The memory that a process has; 0 for one that has ended."""
    statm = Path(f"/proc/{worker.process.pid}/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


def set_topic(site: Site, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, site.here.prefix + topic, incremental_configs=[entry])
    for future in site.here.admin.incremental_alter_configs([resource]).values():
        future.result(20)
