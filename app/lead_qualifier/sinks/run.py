"""Runs a sink until it is told to stop: consumer, delivery, circuit breaker, health and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog

from lead_qualifier.consumer import Event, Subscription, stopped_by_signals
from lead_qualifier.http.event_loop_thread import EventLoopThread
from lead_qualifier.kafka.acls import Grant
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import ALL_TOPICS, DOWNSTREAM_DEAD_LETTERS, Topic
from lead_qualifier.services.acls import grants, naming_of, sink_group
from lead_qualifier.services.broker_contact import BrokerContact
from lead_qualifier.services.start_up import StartUp
from lead_qualifier.services.tracing import spans_of
from lead_qualifier.services.web import WebServer, show_ready
from lead_qualifier.settings import Settings
from lead_qualifier.sinks.answers import Delivered
from lead_qualifier.sinks.circuit import Circuit, State
from lead_qualifier.sinks.delivery import Delivery
from lead_qualifier.sinks.metrics import SinkMetrics
from lead_qualifier.sinks.sink import Sink

log = structlog.get_logger(__name__)


def run_sink(sink: Sink, settings: Settings, connection: Connection) -> None:
    """Returns after SIGTERM or SIGINT, once the events in progress are finished.

    Raises what StartUp.topics and Subscription.run raise, and OSError (port taken).
    """
    settings.apply_to_decoding()
    StartUp(settings, connection, topics=_topics(sink), rights=_rights(sink, settings)).topics()
    process = SinkProcess(sink, settings, connection)
    with stopped_by_signals(process.subscription), process.serving():
        log.info("sink_started", sink=sink.id, kind=sink.kind, topics=list(sink.topics))
        process.subscription.run()
        log.info("sink_stopped", sink=sink.id)


def _rights(sink: Sink, settings: Settings) -> tuple[Grant, ...]:
    return grants(sink.kind, replace(naming_of(settings), sink_id=sink.id, sink_topics=sink.topics))


def _topics(sink: Sink) -> tuple[Topic, ...]:
    return (*(one for one in ALL_TOPICS if one.name in sink.topics), DOWNSTREAM_DEAD_LETTERS)


class SinkProcess:
    """The parts of a running sink, wired together."""

    def __init__(self, sink: Sink, settings: Settings, connection: Connection) -> None:
        self._sink = sink
        self._settings = settings
        self._metrics = SinkMetrics(sink.id)
        self._spans = spans_of(settings, self._metrics.registry)
        self._group_id = sink_group(settings.application_id, sink.kind, sink.id)
        self._circuit = Circuit(
            failures=sink.circuit_failures, open_for=sink.circuit_open_seconds, changed=self._circuit_changed
        )
        self.subscription = Subscription(
            connection,
            topics=sink.topics,
            group=self._group_id,
            handler=Delivery(
                sink.id,
                self._sender(),
                circuit=self._circuit,
                give_up_after=sink.give_up_after,
                observer=self._metrics.attempt,
            ),
            retry=sink.retry,
            dead_letters=DOWNSTREAM_DEAD_LETTERS.name,
            concurrency=sink.concurrency,
            topic_prefix=settings.topic_prefix,
            observer=self._metrics.record,
        )
        self._contact = BrokerContact(connection, topics=[settings.topic_prefix + topic for topic in sink.topics])
        self._contact.show(self._metrics.registry)
        show_ready(self._ready, self._metrics.registry)
        self._metrics.watch(lambda: self._circuit.state, self.subscription.lag)

    def _sender(self) -> Callable[[Event], Delivered]:
        if self._spans is None:
            return self._sink.send
        from lead_qualifier.sinks.traced_sender import TracedSender  # noqa: PLC0415  OpenTelemetry is optional

        return TracedSender(self._sink.send, self._spans.consumer(self._group_id), self._settings.topic_prefix)

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Serve health and metrics within the block; gives the port. Raises OSError if it is taken.

        The server has an event loop of its own, so that neither a stuck delivery nor a slow scrape delays the other.
        """
        server = WebServer(
            host=self._settings.web_host,
            port=self._settings.web_port,
            live=lambda: (True, {}),
            ready=self._ready,
            metrics=self._metrics.render,
        )
        loop = EventLoopThread("web")
        self._contact.start()
        try:
            port = loop.run(server.start())
            log.info("sink_serves", sink=self._sink.id, web=f"http://{self._settings.web_host}:{port}")
            yield port
        finally:
            self._contact.stop()
            loop.run(server.stop())
            loop.close()
            self._sink.client.close()
            if self._spans is not None:
                self._spans.close()

    def _ready(self) -> tuple[bool, dict[str, Any]]:
        """An open circuit breaker does not matter here: restarting the sink would not repair the endpoint."""
        problem = self._contact.problem() or self._contact.leaderless()
        reason = {} if problem is None else {"reason": problem}
        lag = sum(self.subscription.lag().values())
        return problem is None, {**reason, "circuit": self._circuit.state.value, "lag": lag}

    def _circuit_changed(self, before: State, after: State) -> None:
        tell = log.warning if after is State.OPEN else log.info
        tell("circuit_changed", sink=self._sink.id, before=before.value, after=after.value)
