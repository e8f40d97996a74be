"""Before a process works: wait for a broker, check its rights, and create and check the topics."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka.acls import Grant, check_rights
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import BrokerUnreachable, LoginRefused
from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.errors import BrokerNotReady
from lead_qualifier.services.topic_setup import TopicSetup
from lead_qualifier.settings import Settings

log = structlog.get_logger(__name__)

_ATTEMPT_SECONDS = 3.0
_REQUEST_SECONDS = 30.0
_PAUSE_SECONDS = 0.5
#: What a cluster answers that is about to be ready: some of its brokers or its controller are still missing.
_HALF_UP = {
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._RESOLVE,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.NOT_CONTROLLER,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.INVALID_REPLICATION_FACTOR,
}


class StartUp:
    """One start. Its time runs from the moment it is made: `LEAD_QUALIFIER_STARTUP_TIMEOUT`."""

    def __init__(
        self, settings: Settings, connection: Connection, *, topics: Sequence[Topic], rights: Sequence[Grant]
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._topics = topics
        self._rights = rights
        self._begun = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds that are left, never less than a moment."""
        return max(0.5, self._begun + self._settings.startup_timeout - time.monotonic())

    def topics(self) -> dict[str, int]:
        """Wait for the broker, then create missing topics and check all of them. Logs every few seconds what it waits
        for.

        Returns the largest record, in bytes, that each topic of ours takes. Raises BrokerNotReady when the time is up,
        LoginRefused, UnusableConnection, NotAllowed, TopicsUnfit, KafkaException.
        """
        while True:
            try:
                self._connection.check_reachable(min(_ATTEMPT_SECONDS, self.left))
                return self._prepare()
            except LoginRefused:
                raise
            except BrokerUnreachable as error:
                self._wait(error, str(error))
            except KafkaException as error:
                reason = error.args[0]
                if not (reason.retriable() or reason.code() in _HALF_UP):
                    raise
                problem = (
                    f"the broker at {self._connection.bootstrap_servers} answers, but is not ready "
                    f"({reason.str()}): check its log, or raise LEAD_QUALIFIER_STARTUP_TIMEOUT"
                )
                self._wait(error, reason.str(), problem)

    def _wait(self, error: Exception, reason: str, problem: str | None = None) -> None:
        """Raises BrokerNotReady with the problem if the time is up."""
        broker, limit = self._connection.bootstrap_servers, self._settings.startup_timeout
        waited = time.monotonic() - self._begun
        if waited >= limit:
            raise BrokerNotReady(broker, limit, problem or reason) from error
        log.warning(
            "waiting_for_broker", broker=broker, reason=reason, waited_seconds=round(waited), limit_seconds=limit
        )
        time.sleep(min(_PAUSE_SECONDS, self.left))

    def _prepare(self) -> dict[str, int]:
        timeout = min(_REQUEST_SECONDS, self.left)
        check_rights(self._connection, self._rights, timeout=timeout)
        setup = TopicSetup.of(self._settings, self._connection, topics=self._topics, timeout=timeout)
        if self._settings.create_topics and (created := setup.create_missing()):
            log.info("topics_created", topics=created)
        return setup.check(_warn)


def _warn(topic: str, warning: str) -> None:
    log.warning("topic_may_lose_records", topic=topic, reason=warning)
