"""The timeouts of the consumer fit together: each wait ends before whoever waits for it gives up."""

from __future__ import annotations

import pytest

from lead_qualifier.engine import DEFAULT_LIMITS, Engine
from lead_qualifier.engine.faust.app import EngineApp, create_app
from lead_qualifier.engine.transaction import TRANSACTION_TIMEOUT_MS
from lead_qualifier.kafka.connection import Connection
from tests.unit.engine.doubles import application

#: What a broker, a network and a busy machine may take besides what is waited for (seconds).
MARGIN = 5.0


@pytest.fixture
def app() -> EngineApp:
    connection = Connection(bootstrap_servers="127.0.0.1:1")
    engine = Engine([application()], group_id="sums", connection=connection, failed=print)
    return create_app(engine, faust_settings={"broker": "aiokafka://127.0.0.1:1"})


def test_no_join_is_given_up_before_its_rebalance_is_over(app: EngineApp) -> None:
    assert app.conf.broker_request_timeout >= app.conf.broker_rebalance_timeout + MARGIN


def test_a_worker_rejoins_before_the_rebalance_leaves_it_out(app: EngineApp) -> None:
    heard = app.conf.broker_heartbeat_interval
    assert app.conf.broker_rebalance_timeout >= heard + DEFAULT_LIMITS.revocation_seconds + MARGIN


def test_the_dead_are_gone_before_a_rebalance_is_over(app: EngineApp) -> None:
    assert app.conf.broker_rebalance_timeout >= app.conf.broker_session_timeout + MARGIN


def test_a_transaction_ends_before_a_rebalance_gives_up() -> None:
    assert DEFAULT_LIMITS.revocation_seconds >= TRANSACTION_TIMEOUT_MS / 1000 + MARGIN


def test_a_rebalance_of_full_length_is_no_stall(app: EngineApp) -> None:
    assert app.conf.broker_rebalance_timeout + app.conf.broker_request_timeout < DEFAULT_LIMITS.stall_seconds
