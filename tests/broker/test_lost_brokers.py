"""A broker says for a moment that there is no broker, and clients then look for none any more: consumers and producers
go on by themselves.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from structlog.testing import capture_logs
from typing_extensions import override

from lead_qualifier.consumer import Event, PermanentFailure, Subscription, dead_letters
from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.kafka import lost_brokers
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import PartitionTail
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.topics import LEAD_DEAD_LETTERS
from tests.support.broker_hiding_proxy import BrokerHidingProxy
from tests.support.broker_settings import PATIENT
from tests.support.subscriptions import QUICK, SHORT_SESSION, TOPIC, running, until

pytestmark = pytest.mark.broker


class Forgetful(Connection):
    """Its clients are lost whenever an answer names no broker: by themselves they are only sometimes, as chance has it.
    They ask often.
    """

    @override
    def confluent(self, **extra: Any) -> dict[str, Any]:
        settings = {"metadata.recovery.strategy": "none", "topic.metadata.refresh.interval.ms": 200}
        return super().confluent(**settings, **extra)


def test_clients_that_have_lost_every_broker_are_replaced(
    make_kafka: Callable[..., LocalKafka], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_brokers, "SILENT_SECONDS", 5.0)
    monkeypatch.setattr(lost_brokers, "_RECONNECT_SECONDS", 2.0)
    monkeypatch.setattr(dead_letters, "_DELIVERY_SECONDS", 3.0)
    plain, controller, advertised = free_ports(3)
    with BrokerHidingProxy(advertised, plain) as proxy:
        make_kafka(
            ports=[plain, controller],
            properties={**PATIENT, "advertised.listeners": f"PLAINTEXT://127.0.0.1:{advertised}"},
        )
        connection = Forgetful(bootstrap_servers=f"127.0.0.1:{advertised}", log_level=0)
        create_topics(connection)
        handled: Counter[str] = Counter()

        def handle(event: Event) -> None:
            if event.event_id.startswith("refused"):
                raise PermanentFailure("no such owner")
            handled[event.event_id] += 1

        subscription = Subscription(
            connection,
            topics=[TOPIC],
            group="crm",
            handler=handle,
            retry=QUICK,
            dead_letters=LEAD_DEAD_LETTERS.name,
            settings=SHORT_SESSION,
        )
        producer = Producer(connection, delivery_seconds=3.0)
        set_aside: list[Record] = []
        with (
            capture_logs() as logs,
            PartitionTail(connection, {(LEAD_DEAD_LETTERS.name, 0): 0}) as tail,
            running(subscription),
        ):

            def settled(handled_ids: set[str], set_aside_leads: set[bytes]) -> bool:
                set_aside.extend(tail.take(0.1))
                return handled.keys() == handled_ids and {one.key for one in set_aside} == set_aside_leads

            send(producer, "before", "refused before")
            until(lambda: settled({"before"}, {b"refused before"}))
            with proxy.hiding():
                until(lambda: proxy.connections() == 0)
            began = time.monotonic()
            with pytest.raises(KafkaException):
                send(producer, "lost")
            send(producer, "after", "refused after")
            until(lambda: settled({"before", "after"}, {b"refused before", b"refused after"}))
            print(f"all go on {time.monotonic() - began:.1f} s after the broker names itself again")
    assert set(handled.values()) == {1}
    assert [line["event"] for line in logs].count("client_replaced") == 4, "two consumers, two producers"


def create_topics(connection: Connection) -> None:
    admin = AdminClient(connection.confluent())
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in (TOPIC, LEAD_DEAD_LETTERS.name)]).values():
        future.result(30)


def send(producer: Producer, *event_ids: str) -> None:
    """Each for a lead of its name."""
    producer.renew()
    for one in event_ids:
        value = f'{{"event_id": "{one}", "lead_id": "{one}", "occurred_at": "2026-11-23T09:30:00Z"}}'
        producer.send(TOPIC, one.encode(), value.encode())
    producer.flush()
