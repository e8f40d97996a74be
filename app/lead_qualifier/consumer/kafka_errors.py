"""Errors that the Kafka client reports while a consumer runs: each kind is logged once per outage."""

from __future__ import annotations

import structlog
from confluent_kafka import KafkaError

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import LoginRefused

log = structlog.get_logger(__name__)


class KafkaErrorLog:
    """In an outage the client reports the same error many times a second."""

    def __init__(self, connection: Connection, group: str) -> None:
        self._connection = connection
        self._group = group
        self._logged: set[str] = set()
        self.login_refused: LoginRefused | None = None
        """Set once the broker has rejected the credentials."""

    def report(self, error: KafkaError) -> None:
        """Log the error unless it was logged since the last `recovered`."""
        self.login_refused = self._connection.login_refused(error) or self.login_refused
        if error.name() not in self._logged:
            self._logged.add(error.name())
            log.warning("kafka error", error=error.str(), code=error.name(), group=self._group)

    def recovered(self) -> None:
        """A record was read: log every error again."""
        self._logged.clear()
