"""Every way to log in works against a real broker, for both clients: confluent-kafka's and Faust's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.client import AIOKafkaClient
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.engine.faust.app import connection_settings
from lead_qualifier.engine.faust.consumer_group import ConsumerGroup, read_group
from lead_qualifier.kafka.connection import Connection, OAuth, SaslMechanism
from lead_qualifier.kafka.errors import BrokerUnreachable
from tests.conftest import making_kafka
from tests.support.broker_settings import PATIENT
from tests.support.token_endpoint import token_endpoint

pytestmark = pytest.mark.broker

MODULE = "org.apache.kafka.common.security"


@pytest.fixture(scope="module")
def secured(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A Kafka that asks for TLS and a login at the address of this connection, which has neither yet."""
    plain, controller, login, tls = free_ports(4)
    with making_kafka(tmp_path_factory) as make_kafka:
        kafka = make_kafka(
            tmp_path_factory.mktemp("secured"),
            ports=[plain, controller],
            properties={
                **PATIENT,
                "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}"
                f",LOGIN://127.0.0.1:{login},TLS://127.0.0.1:{tls}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},LOGIN://127.0.0.1:{login},TLS://127.0.0.1:{tls}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,TLS:SSL",
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(certificate.parent / "both.pem"),
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(certificate),
                "listener.name.tls.ssl.client.auth": "required",
                "listener.name.login.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
                "listener.name.login.plain.sasl.jaas.config": f"{MODULE}.plain.PlainLoginModule required "
                'user_worker="hush";',
                "listener.name.login.scram-sha-256.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
                "listener.name.login.scram-sha-512.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
                "listener.name.login.oauthbearer.sasl.jaas.config": f"{MODULE}.oauthbearer.OAuthBearerLoginModule "
                'required unsecuredLoginStringClaim_sub="kafka";',
            },
        )
        admin = AdminClient(kafka.connection.confluent())
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            user = UserScramCredentialUpsertion("worker", ScramCredentialInfo(mechanism, 4096), b"hush")
            for done in admin.alter_user_scram_credentials([user]).values():
                done.result(20)
        yield Connection(bootstrap_servers=f"127.0.0.1:{login},127.0.0.1:{tls}", ssl_ca_file=certificate)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_lets_both_clients_in(secured: Connection, mechanism: SaslMechanism) -> None:
    connection = replace(with_login(secured), sasl_mechanism=mechanism, sasl_username="worker", sasl_password="hush")
    connection.check_reachable(timeout=10)
    reach_with_aiokafka(connection)


def test_a_wrong_password_is_told_as_such(secured: Connection) -> None:
    connection = replace(with_login(secured), sasl_username="worker", sasl_password="wrong")
    with pytest.raises(BrokerUnreachable, match="Authentication failed") as told:
        connection.check_reachable(timeout=2)
    assert "wrong" not in str(told.value)


def test_a_token_lets_both_clients_in(secured: Connection) -> None:
    with token_endpoint() as endpoint:
        oauth = OAuth(token_endpoint_url=endpoint.url, client_id="worker", client_secret="hush", scope="kafka")
        connection = replace(with_login(secured), sasl_mechanism="OAUTHBEARER", oauth=oauth)
        connection.check_reachable(timeout=10)
        reach_with_aiokafka(connection)


def test_a_client_certificate_lets_both_clients_in(secured: Connection, certificate: Path) -> None:
    connection = replace(
        with_certificates(secured), ssl_certificate_file=certificate, ssl_key_file=certificate.parent / "key.pem"
    )
    connection.check_reachable(timeout=10)
    reach_with_aiokafka(connection)


def test_without_the_authority_of_its_certificate_a_broker_is_not_trusted(secured: Connection) -> None:
    with pytest.raises(BrokerUnreachable, match="certificate"):
        replace(with_certificates(secured), ssl_ca_file=None).check_reachable(timeout=2)


def with_login(secured: Connection) -> Connection:
    address = secured.bootstrap_servers.split(",")[0]
    return replace(secured, bootstrap_servers=address, security_protocol="SASL_SSL")


def with_certificates(secured: Connection) -> Connection:
    address = secured.bootstrap_servers.split(",")[1]
    return replace(secured, bootstrap_servers=address, security_protocol="SSL")


def reach_with_aiokafka(connection: Connection) -> None:
    """Log in as Faust's driver does, and as a worker does that looks whom its group serves."""
    login = credentials_to_aiokafka_auth(connection_settings(connection)["broker_credentials"])

    async def reach() -> None:
        client = AIOKafkaClient(bootstrap_servers=connection.bootstrap_servers, **login)
        try:
            await client.bootstrap()
            assert client.cluster.brokers()
        finally:
            await client.close()

    asyncio.run(asyncio.wait_for(reach(), 20))
    deadline = time.monotonic() + 20
    while (group := asyncio.run(read_group(connection, "nobody"))) is None:
        assert time.monotonic() < deadline, "the broker says nothing of a group"
    assert group == ConsumerGroup({}, {})
