"""Checks every few seconds whether the broker answers, and whether topics have leaders, for health and metrics.

Nothing else in a process shows it: a fetch loop keeps running while nobody answers, and with nothing to decide there is
no transaction that could fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import CollectorRegistry, Gauge

from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import LoginRefused
from lead_qualifier.kafka.records import PartitionId

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 5.0
#: Longer than two unanswered requests take. A broker that is restarted in order is away for less time, and its
#: partitions get other leaders sooner.
_SILENT_SECONDS = 15.0
#: A new password reaches every broker sooner.
_REFUSED_SECONDS = 30.0


class BrokerContact:
    """A thread that asks any broker of the cluster. Any thread may use the methods."""

    def __init__(self, connection: Connection, *, topics: Sequence[str] = ()) -> None:
        """`topics`: the full names of those whose partitions must have leaders."""
        # this class logs its errors
        self._config = replace(connection, log_level=0).confluent(error_cb=self._on_error)
        self._connection = connection
        self._topics = tuple(topics)
        self._leaderless: dict[PartitionId, float] = {}
        self._refusal: LoginRefused | None = None
        self._answered_at = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-contact", daemon=True)

    def start(self) -> None:
        """Start asking; a broker has just answered."""
        self._answered_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; returns immediately."""
        self._stopped.set()

    def silence(self) -> float:
        """Seconds since a broker last answered."""
        return time.monotonic() - self._answered_at

    def problem(self) -> str | None:
        """Why Kafka cannot be used, or None."""
        silence = self.silence()
        return f"no broker has answered for {silence:.0f} s" if silence > _SILENT_SECONDS else None

    def leaderless(self) -> str | None:
        """Which partition has had no leader for too long, or None."""
        now = time.monotonic()
        return next(
            (
                f"{topic}-{number} has had no leader for {now - since:.0f} s"
                for (topic, number), since in self._leaderless.items()
                if now - since > _SILENT_SECONDS
            ),
            None,
        )

    def refusal(self) -> LoginRefused | None:
        """Not None once brokers have refused the login for 30 seconds: with this password they always will."""
        return self._refusal if self.silence() > _REFUSED_SECONDS else None

    def show(self, registry: CollectorRegistry) -> None:
        """Add its metrics."""
        connected = Gauge(
            "lead_qualifier_broker_connected",
            "1 while a broker answers, 0 once none has for 15 seconds.",
            registry=registry,
        )
        connected.set_function(lambda: float(self.problem() is None))
        silence = Gauge(
            "lead_qualifier_broker_silence_seconds",
            "Seconds since a broker last answered; asked every 5.",
            registry=registry,
        )
        silence.set_function(self.silence)

    def _run(self) -> None:
        admin = Admin(self._config, timeout=_EVERY_SECONDS)
        was_silent = False
        while not self._stopped.wait(_EVERY_SECONDS):
            failure = self._failure(admin)
            admin.client.poll(0)  # serves the callback now, so that no error of long ago waits for the next failure
            if failure is None:
                if was_silent:
                    log.info("broker_answers_again", silent_seconds=round(self.silence()))
                    was_silent = False
                self._answered_at, self._refusal = time.monotonic(), None
                continue
            if not was_silent and (problem := self.problem()) is not None:
                was_silent = True
                log.warning("broker_silent", reason=problem, error=str(failure))

    def _failure(self, admin: Admin) -> KafkaException | None:
        """Why no broker answered; None also where one answered with an error."""
        try:
            admin.ping()
            now = time.monotonic()
            self._leaderless = {tp: self._leaderless.get(tp, now) for tp in admin.leaderless(self._topics)}
        except KafkaException as error:
            return None if error.args[0].code() > 0 else error
        return None

    def _on_error(self, error: KafkaError) -> None:
        self._refusal = self._connection.login_refused(error) or self._refusal
