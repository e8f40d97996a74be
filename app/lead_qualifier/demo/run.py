"""Runs the demo: finds a broker, starts worker, console and producer, follows them on a screen, and ends them all."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from confluent_kafka import KafkaException
from rich.console import Console

from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.demo.broker.finder import Broker, find_broker
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.demo.broker.local_broker import free_ports, is_free, shown_path
from lead_qualifier.demo.console import DemoConsole
from lead_qualifier.demo.errors import DemoFailed, NotPrepared
from lead_qualifier.demo.event_tail import EventTail
from lead_qualifier.demo.hints import Hints
from lead_qualifier.demo.plain_view import PlainView, figures_text
from lead_qualifier.demo.processes import ChildProcess, DemoProcesses
from lead_qualifier.demo.progress import Progress
from lead_qualifier.demo.provisioning import provision_downstream, provision_qualification
from lead_qualifier.demo.sales import Sales
from lead_qualifier.demo.screen import Screen
from lead_qualifier.demo.warm_up import warm_up
from lead_qualifier.demo.worker_metrics import is_ready, read_figures
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.errors import TopicMissing
from lead_qualifier.kafka.groups import committed_offsets
from lead_qualifier.messages.topics import (
    JOURNEY_ENTRY_REQUESTED,
    LEAD_ASSIGNED,
    LEAD_CHANGED,
    LEAD_QUALIFIED,
    LEAD_SCORE_CHANGED,
    SEQUENCE_STEP_DUE,
    Topic,
)
from lead_qualifier.services.topic_setup import TopicSetup
from lead_qualifier.settings import Settings

_READY_SECONDS = 60.0
_STALL_SECONDS = 120.0
_FIGURES_SECONDS = 0.5
#: How long the end of a run waits for the downstream services (seconds).
_DOWNSTREAM_SECONDS = 30.0
#: How long a run of few events waits for them at its start.
_SERVICES_SECONDS = 20.0
_RESTARTS = 3


class View(Protocol):
    """Where the demo prints what happens."""

    def say(self, line: str) -> None:
        """Print one line."""

    def begin(
        self, console: str, broker: str, logs: str, environment: list[str], commands: list[tuple[str, str]]
    ) -> None:
        """Events are coming from now on."""

    def show(self, progress: Progress, new: list[dict[str, object]]) -> None:
        """Print the progress; `new`: the leads qualified since the last call."""

    def end(self) -> None:
        """Only `say` is called from now on."""


def run_demo(settings: Settings, console: Console, *, events: int | None, rate: float) -> None:
    """Run until told to stop, or until `events` events have been produced and decided. `rate`: events a second.

    Raises DemoFailed, NoBroker, BrokerUnreachable, TopicsUnfit, CommandUnanswered, NotPrepared.
    """
    progress = Progress()
    view: View = Screen(console) if console.is_terminal else PlainView()
    with _stop_on_signals() as stop, DemoConsole(settings) as pages:
        view.say(pages.line)  # before anything else
        with DemoProcesses(settings) as processes, find_broker(settings, view.say) as broker:
            stop.impatient = processes.kill
            demo = _Demo(settings, broker, view, progress, stop, processes, pages, events, rate)
            try:
                demo.run()
            finally:
                view.end()
                demo.end()


@dataclass(slots=True)
class _Stop:
    """Whether the demo was asked to stop. Until it is running, that interrupts whatever is going on."""

    asked: threading.Event = field(default_factory=threading.Event)
    running: bool = False
    impatient: Callable[[], None] = lambda: None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked.is_set():
            self.impatient()
        self.asked.set()
        if not self.running:
            raise KeyboardInterrupt


@contextmanager
def _stop_on_signals() -> Iterator[_Stop]:
    stop = _Stop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Demo:
    _settings: Settings
    _broker: Broker
    _view: View
    _progress: Progress
    _stop: _Stop
    _processes: DemoProcesses
    _console: DemoConsole
    _events: int | None
    _rate: float
    _port: int = 0
    """The worker's."""
    _qualified: EventTail | None = None
    _downstream: EventTail | None = None
    _sales: Sales | None = None
    _restarts: int = 0

    def run(self) -> None:
        """Run from creating topics to the end."""
        self._stop.running = True
        warm_up(self._broker.connection, group_id=self._settings.application_id)
        self._create_topics()
        self._begin_worker()
        self._console.begin(self._processes, self._environment(), broker=self._broker.kind)
        if not self._wait_until_ready(self._processes.worker, self._port):
            return
        self._view.say(f"Worker: ready, with metrics at http://127.0.0.1:{self._port}/metrics")
        provision_qualification(self._broker.connection, self._settings, self._view.say)
        self._qualified = self._tail(LEAD_QUALIFIED)
        self._sales = Sales(self._broker.connection, topic_prefix=self._settings.topic_prefix)
        services = threading.Thread(target=self._begin_services, name="services", daemon=True)
        services.start()
        if self._events is not None:
            services.join(_SERVICES_SECONDS)  # a few events may all be over before there is a journey to enter
        self._begin_producer()
        hints, processes = Hints(self._broker), self._processes
        self._view.begin(
            self._console.line,
            f"Broker: {self._broker.description}; {self._broker.data_location}",
            f"Logs: {shown_path(processes.worker.log)}, {shown_path(processes.producer.log)}",
            hints.environment(),
            hints.commands(None),
        )
        if self._follow():
            self._finish()

    def end(self) -> None:
        """Stop everything that was started."""
        self._processes.stop()
        for reader in (self._qualified, self._downstream):
            if reader is not None:
                reader.close()
        if self._stop.asked.is_set():
            self._view.say(f"Stopped. {figures_text(self._progress)}")
            self._view.say("The next run continues from here.")

    def _create_topics(self) -> None:
        setup = TopicSetup.of(self._settings, self._broker.connection)
        created = setup.create_missing()
        setup.check()
        self._view.say(f"Topics: {f'{len(created)} created' if created else 'exist already'}")

    def _begin_worker(self) -> None:
        [free] = free_ports(1)
        self._port = self._port or self._settings.web_port
        if self._port == 0 or not is_free(self._port):
            self._port = free
        self._processes.worker.begin(["worker", "--web-port", str(self._port)], self._environment())

    def _begin_producer(self) -> None:
        world = (self._settings.data_dir / self._broker.kind / "demo-world.json").absolute()
        arguments = ["--world", str(world), "--rate", str(self._rate)]
        if self._events is not None:
            arguments += ["--events", str(self._events)]
        self._processes.producer.begin(arguments, self._environment())
        threading.Thread(target=self._count_produced, name="produced", daemon=True).start()

    def _begin_services(self) -> None:
        """Start the downstream services. If they do not start, the demo goes on without them."""
        [port] = free_ports(1)
        services = self._processes.begin_services(["downstream", "all", "--web-port", str(port)], self._environment())
        try:
            if self._wait_until_ready(services, port):
                self._downstream = self._tail(JOURNEY_ENTRY_REQUESTED, LEAD_ASSIGNED, SEQUENCE_STEP_DUE)
                provision_downstream(self._broker.connection, self._settings)
        except DemoFailed:
            self._progress.downstream.notice = "the downstream services did not start: see downstream.log"
        except (NotPrepared, CommandUnanswered, TopicMissing, KafkaException) as problem:
            self._progress.downstream.notice = f"the downstream services were not set up: {problem}"

    def _count_produced(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # the pipe is closed when the producer is ended
            for line in self._processes.producer.output:
                self._progress.produced = int(line)

    def _tail(self, *topics: Topic) -> EventTail:
        return EventTail(self._broker.connection, topics, topic_prefix=self._settings.topic_prefix)

    def _environment(self) -> dict[str, str]:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self._broker.bootstrap_servers,
            "LEAD_QUALIFIER_LOG_FORMAT": "json",
            "LEAD_QUALIFIER_WEB_HOST": "127.0.0.1",
            "LEAD_QUALIFIER_ID_NORMALISATION": "none",  # the demo's leads have ids of their own form
        }
        if self._broker.kind is not BrokerKind.GIVEN:
            environment["KAFKA_SECURITY_PROTOCOL"] = "PLAINTEXT"
        return environment

    def _wait_until_ready(self, child: ChildProcess, port: int) -> bool:
        """False: asked to stop meanwhile. Raises DemoFailed."""
        deadline = time.monotonic() + _READY_SECONDS
        while not is_ready(port):
            if child.exit_code is not None:
                raise DemoFailed(child.how_it_ended())
            if time.monotonic() > deadline:
                raise DemoFailed(
                    f"the {child.name} was not ready within {_READY_SECONDS:g} s; its log {child.log} ends with: "
                    f"{child.end_of_log()}"
                )
            if self._stop.asked.wait(0.1):
                return False
        return True

    def _follow(self) -> bool:
        """Show what happens. False: asked to stop; True: all events have been produced and decided."""
        assert self._qualified is not None
        assert self._sales is not None
        figures_at = 0.0
        waited_for: _Decided | None = None
        while not self._stop.asked.is_set():
            new = self._progress.take(self._qualified.take(0.2))
            self._sales.take(new)
            if self._downstream is not None:
                self._progress.take(self._downstream.take(0.01))
            now = time.monotonic()
            if now >= figures_at:
                figures_at = now + _FIGURES_SECONDS
                self._progress.look(read_figures(self._port))
                self._check_processes()
                if waited_for is None and self._processes.producer.exit_code == 0:
                    waited_for = _Decided(self._broker, self._settings)
                if waited_for is not None and waited_for.all():
                    self._view.show(self._progress, new)
                    return True
            self._view.show(self._progress, new)
        return False

    def _finish(self) -> None:
        assert self._qualified is not None
        assert self._sales is not None
        progress = self._progress
        new = progress.take(self._qualified.rest())
        self._sales.take(new)
        self._sales.finish()
        self._finish_downstream()
        progress.look(read_figures(self._port))
        self._view.show(progress, new)
        self._view.end()
        self._view.say(f"Done: {self._events:,} events produced and decided. {figures_text(progress)}")
        first = "" if progress.first_after is None else f", the first {progress.first_after:.1f} s after the start"
        self._view.say(f"Qualified leads: {progress.qualified:,}{first}; {progress.downstream.figures()}")
        for number, line in enumerate(progress.downstream.lines()):
            self._view.say(f"  {line}" if number else f"One lead followed: {line}")

    def _finish_downstream(self) -> None:
        """Give the services, if they run, a moment to catch up with the qualified leads."""
        progress, deadline = self._progress, time.monotonic() + _DOWNSTREAM_SECONDS
        while time.monotonic() < deadline and not self._stop.asked.is_set() and not progress.downstream.notice:
            if self._downstream is None:
                self._stop.asked.wait(0.2)
                continue
            progress.take(self._downstream.take(0.2))
            if progress.downstream.followed is not None or not progress.qualified:
                progress.take(self._downstream.rest())
                return

    def _check_processes(self) -> None:
        producer, worker = self._processes.producer, self._processes.worker
        if producer.exit_code not in {None, 0}:
            raise DemoFailed(producer.how_it_ended())
        if worker.exit_code is None:
            self._progress.notice = self._console.notice or (self._sales.notice if self._sales is not None else "")
            return
        if self._restarts >= _RESTARTS:
            raise DemoFailed(worker.how_it_ended())
        # what a supervisor would do
        self._restarts += 1
        self._progress.notice = f"the worker exited with {worker.exit_code} and is being restarted"
        self._processes.replace_worker()
        self._begin_worker()


class _Decided:
    """Whether the workers have decided everything that the producer sent, by the offsets that their group committed."""

    def __init__(self, broker: Broker, settings: Settings) -> None:
        admin = Admin(broker.connection.confluent())
        partitions = [
            partition
            for topic in (LEAD_SCORE_CHANGED, LEAD_CHANGED)
            for partition in admin.partitions(topic.full_name(settings.topic_prefix))
        ]
        self._ends = {partition: end for partition, end in admin.ends(partitions).items() if end}
        self._config = broker.connection.confluent()
        self._group_id = settings.application_id
        self._left = -1
        self._moved = time.monotonic()

    def all(self) -> bool:
        """Has everything been decided? Raises DemoFailed if there is no progress for long."""
        committed = committed_offsets(self._config, self._group_id, self._ends, timeout=10)
        left = sum(max(0, end - committed.get(partition, 0)) for partition, end in self._ends.items())
        if left != self._left:
            self._left, self._moved = left, time.monotonic()
        if left and time.monotonic() > self._moved + _STALL_SECONDS:
            raise DemoFailed(f"{left} events are not decided, and there was no progress for {_STALL_SECONDS:g} s")
        return not left
