"""The Faust app around an engine: its settings, and the agent that hands each fetched batch to the intake."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import faust

from lead_qualifier.engine.engine import Engine
from lead_qualifier.engine.faust.consumer import EngineApp, EngineConsumer
from lead_qualifier.engine.faust.fetch_health import FetchHealth

#: A member that says nothing for so long (seconds) is dead: its partitions go to others.
SESSION_TIMEOUT = 10.0
#: So long (seconds) a rebalance waits for members to rejoin; who has not by then is left out until it does. Longer than
#: a session, so that the dead are gone by then, and than what a revocation waits (`Limits.revocation_seconds`).
REBALANCE_TIMEOUT = 25.0
#: aiokafka gives up every request after so long (seconds), JoinGroup too, which the broker answers only once the
#: rebalance is over. It then closes the connection, looks for the coordinator and joins anew, while the others wait.
#: So this must be longer than a rebalance can take.
REQUEST_TIMEOUT = REBALANCE_TIMEOUT + 10.0

#: A topic that was missing at a rebalance is noticed after at most so long (seconds), and the group rebalances again.
METADATA_SECONDS = 30


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
    channel = app.topic(*sorted(engine.topics), key_serializer="raw", value_serializer="raw", acks=False)

    @app.agent(channel, name="engine.intake")
    async def fetch_buffer(batches: faust.StreamT[Any]) -> None:
        accept = engine.fetch_buffer.accept
        async for batch in batches:
            accept(batch)

    return app


def end_offsets(app: EngineApp) -> dict[tuple[str, int], int]:
    """The end of each input partition as the consumer last heard of it, for lag."""
    consumer = app._consumer
    return dict(consumer.ends) if isinstance(consumer, EngineConsumer) else {}


def fetch_health(app: EngineApp) -> FetchHealth | None:
    """Whether records still come; None before the consumer exists."""
    consumer = app._consumer
    return consumer.health if isinstance(consumer, EngineConsumer) else None


def quieten() -> None:
    """Faust and aiokafka log each rebalance in dozens of lines; ours says it in one. Warnings stay."""
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # topics are created before the app starts, so Faust's remark that it may not declare them says nothing
    logging.getLogger("faust.transport.drivers.aiokafka").addFilter(
        lambda r: "Topic creation disabled" not in r.getMessage()
    )
