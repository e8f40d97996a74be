"""A process that hosts services: it wires engines, Faust, rules, health and metrics, and runs until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine import DEFAULT_LIMITS, Engine, FaultHook, Limits, Report
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.engine.faust.app import quieten
from lead_qualifier.engine.faust.consumer_group import read_group
from lead_qualifier.kafka.acls import Grant, check_rights
from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.broker_contact import BrokerContact
from lead_qualifier.services.errors import OtherInstallation
from lead_qualifier.services.installation import refuse_other
from lead_qualifier.services.metrics import Metrics
from lead_qualifier.services.projection import Projection
from lead_qualifier.services.service import HostedService, Service
from lead_qualifier.services.start_up import StartUp
from lead_qualifier.services.tracing import spans_of
from lead_qualifier.services.watchdog import Watchdog
from lead_qualifier.services.web import WebServer, show_ready
from lead_qualifier.settings import Settings
from lead_qualifier.wording.sentences import IN_ENGLISH

log = structlog.get_logger(__name__)

#: Exit code of a process that cannot continue; its supervisor restarts it.
EXIT_FAILED = 70
_CHECK_SECONDS = 1.0
#: How often (seconds) a process that is not ready checks whether another installation is the reason.
_INSTALLATION_SECONDS = 5.0
#: A graceful stop takes a second or two; the running transaction may take longer on a slow broker.
_STOP_SECONDS = 25.0

Build = Callable[[Mapping[str, int]], Sequence[Service]]
"""Makes the services, given the largest record, in bytes, that each topic of ours takes, by full name."""


class Process:
    """One process. `run` returns after a graceful stop, and ends the process otherwise."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        *,
        build: Build,
        topics: Sequence[Topic],
        rights: Sequence[Grant],
        metrics: Metrics,
        limits: Limits = DEFAULT_LIMITS,
        hook: FaultHook = no_fault_hook,
    ) -> None:
        """`topics`: all that the services use; `rights`: what they need."""
        settings.apply_to_decoding()
        self._settings = settings
        self._connection = connection
        self._build = build
        self._rights = tuple(rights)
        self._limits = limits
        self._hook = hook
        self.metrics = metrics
        self._contact = BrokerContact(connection)
        self._contact.show(metrics.registry)
        show_ready(self._ready, metrics.registry)
        self._spans = spans_of(settings, metrics.registry)
        self._watchdog = Watchdog(problem=self._problem, failed=self._failed)
        self._start_up = StartUp(settings, connection, topics=topics, rights=self._rights)
        self._running: list[HostedService] = []
        self._at_work = False

    @property
    def engines(self) -> list[Engine]:
        """One for each service."""
        return [one.engine for one in self._running]

    def run(self) -> None:
        """Wait for the broker, check rights and topics, then work until SIGTERM or SIGINT.

        Raises what `StartUp.topics` does, OtherInstallation, and OSError (port taken).
        """
        quieten()
        # Without a handler, the first process of a container ignores the signal. The event loop sets its own later.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        services = self._build(self._start_up.topics())
        self._running = [self._host(service) for service in services]
        self.metrics.watch(self._running, topic_prefix=self._settings.topic_prefix)
        asyncio.run(self._run())

    def _host(self, service: Service) -> HostedService:
        if self._spans is not None:
            service = self._spans.traced(service)
        engine = Engine(
            service.applications,
            group_id=service.group_id,
            connection=self._connection,
            failed=lambda why: self._failed(self._in_words(why)),
            warn=lambda report: log.warning(report.code, reason=IN_ENGLISH.sentence(report), **report.arguments),
            limits=replace(
                self._limits,
                clock_seconds=self._settings.time_tolerance.total_seconds(),
                commit_interval=self._settings.commit_interval / 1000,
            ),
            observer=self.metrics.observer(service.name),
            hook=self._hook,
        )
        return HostedService(service, engine, self._connection)

    async def _run(self) -> None:
        settings = self._settings
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        web = WebServer(
            host=settings.web_host,
            port=settings.web_port,
            live=self._live,
            ready=self._ready,
            metrics=self.metrics.render,
        )
        if (other := await self._other_installation()) is not None:
            raise other
        port = await web.start()
        log.info(
            "worker_starting",
            application=settings.application_id,
            services=[one.service.name for one in self._running],
            web=f"http://{settings.web_host}:{port}",
        )
        for projection in self._projections:
            projection.table.expect(await loop.run_in_executor(None, self._end_of, projection))
        _relieve_garbage_collector()
        for one in self._running:
            one.start(loop)
        self._at_work = True
        self._contact.start()
        self._watchdog.start()
        was_ready = False
        other = None
        look_at = loop.time() + _INSTALLATION_SECONDS
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), _CHECK_SECONDS if was_ready else 0.1)
            except TimeoutError:
                self._watchdog.loop_alive()
                if not was_ready and self._ready()[0]:
                    was_ready = True
                    log.info("worker_ready", **self._standing())
            if not was_ready and loop.time() >= look_at:
                if (other := await self._other_installation()) is not None:
                    break
                look_at = loop.time() + _INSTALLATION_SECONDS
        log.info("worker_stopping")
        self._watchdog.stopping(within=_STOP_SECONDS)
        self._at_work = False
        await asyncio.gather(*(one.stop(loop) for one in self._running))
        await web.stop()
        if self._spans is not None:
            await loop.run_in_executor(None, self._spans.close)
        self._watchdog.stop()
        self._contact.stop()
        log.info("worker_stopped")
        if other is not None:
            raise other

    async def _other_installation(self) -> OtherInstallation | None:
        """Whether a consumer group of ours serves another installation. Asked again until the process is ready, because
        the broker does not say what members read while their group rebalances.
        """
        prefix = self._settings.topic_prefix
        for service in (one.service for one in self._running):
            group = await read_group(self._connection, service.group_id)
            if group is not None:
                try:
                    refuse_other(service.group_id, service.applications, group, topic_prefix=prefix)
                except OtherInstallation as other:
                    return other
        return None

    @property
    def _projections(self) -> list[Projection[Any, Any]]:
        return [projection for one in self._running for projection in one.service.projections]

    def _end_of(self, projection: Projection[Any, Any]) -> int:
        """The end of its topic. Asks until the broker knows: a topic that is new has no leader for a moment."""
        admin = Admin(self._connection.confluent(), timeout=min(30.0, self._start_up.left))
        partition = (projection.topic, 0)
        return admin.list_offsets({partition: LATEST}, wait=self._start_up.left, created_just_now=True)[partition]

    def _problem(self) -> str | None:
        if not self._at_work:
            return None  # nothing runs yet, or no longer
        if (refusal := self._contact.refusal()) is not None:
            return IN_ENGLISH.failure(refusal)
        for one in self._running:
            if (problem := one.problem()) is not None:
                return self._named(one, problem)
        return None

    def _named(self, one: HostedService, reason: str) -> str:
        return reason if len(self._running) == 1 else f"{one.service.name}: {reason}"

    def _live(self) -> tuple[bool, dict[str, Any]]:
        problem = self._problem()
        return problem is None, {} if problem is None else {"reason": problem}

    def _ready(self) -> tuple[bool, dict[str, Any]]:
        waiting = [self._named(one, reason) for one in self._running for reason in one.waiting()]
        if (silent := self._contact.problem()) is not None:
            waiting.append(silent)
        return not waiting, {"reason": "; ".join(waiting)} if waiting else self._standing()

    def _standing(self) -> dict[str, Any]:
        return {
            "partitions": sum(len(one.engine.open_partitions()) for one in self._running),
            **{f"{projection.name}_revision": projection.table.revision for projection in self._projections},
        }

    def _in_words(self, why: Report | NotAllowed) -> str:
        if isinstance(why, Report):
            return IN_ENGLISH.sentence(why)
        try:  # the broker says only that something is not allowed: ask what
            check_rights(self._connection, self._rights, timeout=5)
        except NotAllowed as missing:
            return IN_ENGLISH.failure(missing)
        except KafkaException:
            log.debug("rights_unknown")
        return IN_ENGLISH.failure(why)

    def _failed(self, reason: str) -> NoReturn:
        # not sys.exit: aiokafka's heartbeats would hold the partitions while the interpreter waits for its threads
        log.critical("worker_failed", reason=reason, exit_code=EXIT_FAILED)
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(EXIT_FAILED)


def _relieve_garbage_collector() -> None:
    """Keep Python's garbage collector from taking a tenth of the time, and from delaying some events.

    Call it once, after the program is loaded and wired. Objects that exist at that moment are never collected. Objects
    made for an event contain no reference cycles, so that reference counting frees them with their cycle; state is held
    as bytes. Reference cycles come from errors and from the event loop only.
    """
    gc.collect()
    gc.freeze()
    # Python's default, 700 new objects before a collection, is a few dozen events
    gc.set_threshold(50_000, 10, 10)
