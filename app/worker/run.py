"""The worker process: wires domain, engine, Faust, table, health and metrics, and runs until told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import structlog
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from app.contracts import cloud_events
from app.contracts.topics import (
    COMMAND_STATE,
    FEATURE_COMMANDS,
    LEAD_CHANGED,
    LEAD_DEAD_LETTERS,
    LEAD_HANDOVERS,
    LEAD_MERGED,
    LEAD_SCORE_CHANGED,
    LEAD_STATE,
    QUALIFICATION_COMMANDS,
    QUALIFICATION_MODELS,
    SCORING_MODEL_CHANGED,
)
from app.engine import DEFAULT_LIMITS, Application, Engine, Hook, Input, Limits
from app.engine.runtime import create_app, end_offsets, fetch_health, quieten
from app.engine.steps import no_hook
from app.kafka import Connection, NotAllowed
from app.rights import check_rights
from app.settings import Settings
from app.worker import commands, leads
from app.worker.commands import CommandDecider, stored_entries
from app.worker.criteria_table import CriteriaTable, declare
from app.worker.garbage import relieve_collector
from app.worker.leads import LeadDecider
from app.worker.metrics import Metrics
from app.worker.projection import Projector
from app.worker.start_up import StartUp, rights_of
from app.worker.watchdog import Watchdog
from app.worker.web import WebServer

log = structlog.get_logger("app.worker")

#: Exit code of a process that could not go on; whoever supervises it starts it again.
EXIT_FAILED = 70
_END: Any = OffsetSpec.latest()
LEADS = "leads"
COMMANDS = "commands"
_CHECK_SECONDS = 1.0
#: A consumer asks for records many times a second; a rebalance may keep it from that for a few.
_SILENT_SECONDS = 15.0
#: A graceful stop takes a second or two; the running transaction may take longer on a slow broker.
_STOP_SECONDS = 25.0


class Worker:
    """One worker. `run` returns after a graceful stop, and ends the process otherwise."""

    def __init__(
        self, settings: Settings, connection: Connection, *, limits: Limits = DEFAULT_LIMITS, hook: Hook = no_hook
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._limits = limits
        self._hook = hook
        self.metrics = Metrics()
        self._watchdog = Watchdog(problem=self._problem, failed=self._failed)
        self._start_up = StartUp(settings, connection)
        self._starting: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Wait for the broker, check rights and topics, then work until SIGTERM or SIGINT.

        Raises what `StartUp.topics` does, and OSError (port taken).
        """
        quieten()
        # As a container's first process it would not be ended by the signal otherwise. The event loop takes over later.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        self._wire(self._start_up.topics())
        asyncio.run(self._run())

    def _wire(self, sizes: dict[str, int]) -> None:
        settings = self._settings
        prefix = settings.topic_prefix
        source = cloud_events.source(settings.application_id)
        self.table = CriteriaTable(
            unknown_leads=settings.unknown_leads.value,
            changed=lambda: self.engine.intake.wake(),  # noqa: PLW0108  made below
        )
        lead_decider = LeadDecider(topic_prefix=prefix, source=source, rules=self.table.rules)
        command_decider = CommandDecider(
            topic_prefix=prefix,
            source=source,
            project=lambda entries: self.projector.project(entries),  # noqa: PLW0108
        )
        self.engine = Engine(
            [_leads(lead_decider, settings, sizes), _commands(command_decider, settings, sizes)],
            group_id=settings.application_id,
            client_config=self._connection.confluent(),
            producer_config=self._connection.confluent_producer(),
            failed=self._failed,
            limits=self._limits,
            observer=self.metrics,
            hook=self._hook,
            explain=self._explain,
        )
        self.projector = Projector(
            self._connection.confluent_producer(),
            topic=QUALIFICATION_MODELS.full_name(prefix),
            missing=self._unprojected,
        )
        self.app = create_app(self.engine, faust_settings=self._connection.faust())
        declare(self.app, topic_prefix=prefix)
        self.engine.followers[QUALIFICATION_MODELS.full_name(prefix)] = self.table.follow
        self.metrics.watch(
            self.engine,
            topic_prefix=prefix,
            criteria_revision=lambda: self.table.revision,
            end_offsets=lambda: end_offsets(self.app),
        )
        self.web = WebServer(
            host=settings.web_host, port=settings.web_port, live=self._live, ready=self._ready, metrics=self.metrics
        )

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        port = await self.web.start()
        log.info(
            "worker_starting", application=self._settings.application_id, web=f"http://{self._settings.web_host}:{port}"
        )
        self.table.expect(await loop.run_in_executor(None, self._criteria_end))
        relieve_collector()
        self.engine.start()
        self.projector.start()
        # returns once the table is recovered, which may take its time
        self._starting = loop.create_task(self.app.start())
        self._watchdog.start()
        was_ready = False
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), _CHECK_SECONDS if was_ready else 0.1)
            except TimeoutError:
                self._watchdog.loop_alive()
                if not was_ready and self._ready()[0]:
                    was_ready = True
                    log.info(
                        "worker_ready",
                        partitions=len(self.engine.open_partitions()),
                        criteria_revision=self.table.revision,
                    )
        log.info("worker_stopping")
        self._watchdog.stopping(within=_STOP_SECONDS)
        starting, self._starting = self._starting, None
        await loop.run_in_executor(None, self.engine.stop)
        await loop.run_in_executor(None, self.projector.stop)
        starting.cancel()
        await self.app.stop()
        await self.web.stop()
        self._watchdog.stop()
        log.info("worker_stopped")

    def _criteria_end(self) -> int:
        """Asks again while the broker cannot say: a topic that was created just now has no leader for a moment."""
        admin = AdminClient(self._connection.confluent())
        tp = TopicPartition(QUALIFICATION_MODELS.full_name(self._settings.topic_prefix), 0)
        while True:
            try:
                timeout = min(30.0, self._start_up.left)
                return int(admin.list_offsets({tp: _END}, request_timeout=timeout)[tp].result().offset)
            except KafkaException:  # it does not say which errors pass; the broker has answered before
                if self._start_up.over:
                    raise
                time.sleep(0.1)

    def _unprojected(self) -> list[Any]:
        """What the command decider holds, if it is ours, and the topic does not."""
        if not self.table.caught_up:
            return []
        return [
            entry
            for partition in self.engine.open_partitions()
            if partition.application.name == COMMANDS
            for entry in self.table.outdated(stored_entries(partition.entries))
        ]

    def _problem(self) -> str | None:
        if self._starting is None:
            return None  # nothing runs yet, or no longer
        if self._starting.done() and self._starting.exception() is not None:
            error = self._starting.exception()
            return f"Faust could not start: {type(error).__name__}: {error}"
        if self.app.should_stop:
            return "Faust has stopped by itself"
        if self.projector.refused is not None:
            return self.projector.refused
        if not self.projector.alive:
            return "thread projection has died"
        if (problem := self.engine.problem()) is not None:
            return problem
        health = fetch_health(self.app)
        if health is None or not self.engine.assigned_partitions():
            return None  # the engine says when that lasts too long
        return health.problem(self._limits.stall_seconds)

    def _live(self) -> tuple[bool, dict[str, Any]]:
        problem = self._problem()
        return problem is None, {} if problem is None else {"reason": problem}

    def _ready(self) -> tuple[bool, dict[str, Any]]:
        waiting = []
        if not self.table.caught_up:
            waiting.append("criteria are not caught up")
        assigned = self.engine.assigned_partitions()
        opened = len(self.engine.open_partitions())
        health = fetch_health(self.app)
        if health is not None and health.silent() > _SILENT_SECONDS:
            waiting.append(f"nothing was fetched for {health.silent():.0f} s")
        if not self.engine.ready():
            waiting.append(
                f"{opened} of {len(assigned)} partitions are open" if assigned else "the consumer group has not settled"
            )
        return not waiting, {"reason": "; ".join(waiting)} if waiting else {
            "partitions": opened,
            "criteria_revision": self.table.revision,
        }

    def _explain(self, refusal: NotAllowed) -> str:
        """The broker says only that something is not allowed: ask what."""
        try:
            check_rights(self._connection, rights_of(self._settings), timeout=5)
        except NotAllowed as missing:
            return str(missing)
        except KafkaException:
            log.debug("rights_unknown")
        return str(refusal)

    def _failed(self, reason: str) -> NoReturn:
        # not sys.exit: aiokafka's heartbeats would hold the partitions while the interpreter waits for its threads
        log.critical("worker_failed", reason=reason, exit_code=EXIT_FAILED)
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(EXIT_FAILED)


def _leads(decider: LeadDecider, settings: Settings, sizes: Mapping[str, int]) -> Application:
    prefix = settings.topic_prefix
    return Application(
        name=LEADS,
        inputs=tuple(
            Input(topic.full_name(prefix)) for topic in (LEAD_CHANGED, LEAD_MERGED, LEAD_HANDOVERS, LEAD_SCORE_CHANGED)
        ),
        changelog=LEAD_STATE.full_name(settings.prefix_of_state),
        dead_letters=LEAD_DEAD_LETTERS.full_name(prefix),
        partitions=settings.partitions,
        processor=decider,
        encode_state=leads.encode_lead,
        decode_state=leads.decode_lead,
        max_record_bytes=sizes,
    )


def _commands(decider: CommandDecider, settings: Settings, sizes: Mapping[str, int]) -> Application:
    prefix = settings.topic_prefix
    scoring = SCORING_MODEL_CHANGED.full_name(prefix)
    return Application(
        name=COMMANDS,
        inputs=(
            Input(scoring),
            Input(FEATURE_COMMANDS.full_name(prefix), after=(scoring,)),
            Input(QUALIFICATION_COMMANDS.full_name(prefix), after=(scoring,)),
        ),
        changelog=COMMAND_STATE.full_name(settings.prefix_of_state),
        dead_letters=LEAD_DEAD_LETTERS.full_name(prefix),
        partitions=1,
        processor=decider,
        encode_state=commands.encode_state,
        decode_state=commands.decode_state,
        max_record_bytes=sizes,
        keyed=False,
    )
