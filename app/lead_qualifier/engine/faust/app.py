"""The Faust app around an engine: how it connects, its settings, and the agent that consumes the fetched batches."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import faust
from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials
from typing_extensions import override

from lead_qualifier.engine.engine import Engine
from lead_qualifier.engine.faust.consumer import EngineConsumer, EngineTransport
from lead_qualifier.engine.faust.fetch_health import FetchHealth
from lead_qualifier.engine.faust.followed_table import FollowedTable
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.oauth import TokenProvider

#: A member that says nothing for this long (seconds) is dead: its partitions go to others.
SESSION_TIMEOUT = 10.0
#: How long (seconds) a rebalance waits for members to rejoin. A member that is later than that is left out until it
#: rejoins. It is longer than a session, so that dead members are gone by then, and longer than a revocation may take
#: (`Limits.revocation_seconds`).
REBALANCE_TIMEOUT = 25.0
#: aiokafka gives up every request after this long (seconds), JoinGroup too, which the broker answers only once the
#: rebalance is over. It then closes the connection, looks for the coordinator and joins again, while the others wait.
#: So this must be longer than a rebalance can take.
REQUEST_TIMEOUT = REBALANCE_TIMEOUT + 10.0

#: A topic that was missing at a rebalance is noticed after at most this long (seconds); the group rebalances again.
METADATA_SECONDS = 30


class EngineApp(faust.App):
    """A Faust app whose consumer feeds an engine."""

    def __init__(self, *args: Any, engine: Engine, **kwargs: Any) -> None:
        self.engine = engine
        #: Tables by their topic: filled from the records in the order in which the consumer fetches them.
        self.followed: dict[str, FollowedTable[Any, Any]] = {}
        super().__init__(*args, **kwargs)

    def follow(self, table: FollowedTable[Any, Any]) -> None:
        """Keep this table filled. Call it before the app starts."""
        self.tables.add(table)
        self.followed[table.name] = table

    def end_offsets(self) -> dict[TopicPartition, int]:
        """The end of each input partition as the consumer last heard of it, for lag."""
        consumer = self._consumer
        return dict(consumer.thread.end_offsets) if isinstance(consumer, EngineConsumer) else {}

    def fetch_health(self) -> FetchHealth | None:
        """Whether records still come; None before the consumer exists."""
        consumer = self._consumer
        return consumer.thread.health if isinstance(consumer, EngineConsumer) else None

    @override
    def _new_transport(self) -> EngineTransport:
        return EngineTransport(self.conf.broker_consumer, self)

    @override
    def _create_directories(self) -> None:
        """We store nothing in files."""


def create_app(
    engine: Engine, *, faust_settings: Mapping[str, Any], session_timeout: float = SESSION_TIMEOUT
) -> EngineApp:
    """A Faust app that joins the engine's consumer group and feeds it.

    `faust_settings` names the broker and its credentials. Faust's own guarantees, topic declaration and web server stay
    off: the engine's transaction is the only writer, and the topics exist before the app starts.
    """
    app = EngineApp(
        engine.group_id,
        engine=engine,
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=64,
        worker_redirect_stdouts=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=session_timeout / 4,
        broker_rebalance_timeout=REBALANCE_TIMEOUT,
        broker_request_timeout=REQUEST_TIMEOUT,
        broker_commit_interval=3600.0,  # nothing is committed by Faust; the timer only costs wake-ups
        consumer_max_fetch_size=1024 * 1024,
        consumer_metadata_max_age_ms=METADATA_SECONDS * 1000,
        **faust_settings,
    )
    inputs = app.topic(*sorted(engine.topics), key_serializer="raw", value_serializer="raw", acks=False)

    @app.agent(inputs, name="engine.fetch_buffer")
    async def consume(batches: faust.StreamT[Any]) -> None:
        accept = engine.fetch_buffer.accept
        async for batch in batches:
            accept(batch)

    return app


def connection_settings(connection: Connection) -> dict[str, Any]:
    """Keyword arguments for `faust.App`: `broker`, and `broker_credentials` where there are any.

    Raises OSError or ssl.SSLError when a file of the connection cannot be read or is not PEM.
    """
    # Faust takes several addresses as one string joined by semicolons
    addresses = (address.strip() for address in connection.bootstrap_servers.split(","))
    settings: dict[str, Any] = {"broker": ";".join(f"aiokafka://{address}" for address in addresses if address)}
    credentials = _credentials(connection)
    if credentials is not None:
        settings["broker_credentials"] = credentials
    return settings


def _credentials(connection: Connection) -> Any:
    if connection.security_protocol == "PLAINTEXT":
        return None
    context = connection.ssl_context() if connection.encrypted else None
    if not connection.authenticated:
        return SSLCredentials(context)
    if connection.oauth is not None:
        return OAuthCredentials(oauth_cb=TokenProvider(connection.oauth), ssl_context=context)
    return SASLCredentials(
        username=connection.sasl_username,
        password=connection.sasl_password,
        ssl_context=context,
        mechanism=connection.sasl_mechanism,
    )


def quieten() -> None:
    """Faust and aiokafka log each rebalance in dozens of lines; ours says it in one. Warnings stay."""
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # topics are created before the app starts, so Faust's remark that it may not declare them says nothing
    logging.getLogger("faust.transport.drivers.aiokafka").addFilter(
        lambda r: "Topic creation disabled" not in r.getMessage()
    )
