"""One description of the connection gives each client its own words for it."""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import faust
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.engine.faust.app import connection_settings
from lead_qualifier.kafka.connection import Compression, Connection, OAuth
from lead_qualifier.kafka.errors import BrokerUnreachable, UnusableConnection
from lead_qualifier.wording.sentences import IN_ENGLISH

PLAIN = Connection(bootstrap_servers="one:9092, two:9092")
SCRAM = Connection(
    bootstrap_servers="one:9093",
    security_protocol="SASL_SSL",
    sasl_mechanism="SCRAM-SHA-512",
    sasl_username="worker",
    sasl_password="hush",
)
TOKENS = Connection(
    bootstrap_servers="one:9093",
    security_protocol="SASL_PLAINTEXT",
    sasl_mechanism="OAUTHBEARER",
    oauth=OAuth(
        token_endpoint_url="https://login.example/token", client_id="worker", client_secret="hush", scope="kafka"
    ),
)
TLS = Connection(bootstrap_servers="one:9093", security_protocol="SSL", ssl_check_hostname=False)


@pytest.mark.parametrize("connection", [PLAIN, SCRAM, TOKENS, TLS])
def test_librdkafka_accepts_what_it_is_given(connection: Connection) -> None:
    AdminClient(connection.confluent(log_level=0))
    Consumer(connection.confluent(**{"group.id": "g", "log_level": 0})).close()
    Producer(connection.confluent_producer(log_level=0))


def test_producers_compress_so_that_every_client_can_read_unless_told_otherwise() -> None:
    assert PLAIN.confluent_producer()["compression.type"] == "gzip"
    other = replace(PLAIN, compression="zstd").confluent_producer()
    assert other["compression.type"] == "zstd"
    assert "compression.level" not in other
    for compression in get_args(Compression):
        Producer(replace(PLAIN, compression=compression).confluent_producer(log_level=0))


def test_confluent_settings_of_a_connection_with_a_password() -> None:
    assert SCRAM.confluent(**{"group.id": "g"}) == {
        "bootstrap.servers": "one:9093",
        "logger": logging.getLogger("librdkafka"),
        "security.protocol": "SASL_SSL",
        "ssl.endpoint.identification.algorithm": "https",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "worker",
        "sasl.password": "hush",
        "group.id": "g",
    }


def test_confluent_settings_of_a_connection_with_tokens() -> None:
    config = TOKENS.confluent()
    assert config["sasl.oauthbearer.method"] == "oidc"
    assert config["sasl.oauthbearer.token.endpoint.url"] == "https://login.example/token"
    assert config["sasl.oauthbearer.scope"] == "kafka"
    assert "sasl.password" not in config


def test_a_producer_always_partitions_as_java_does() -> None:
    assert PLAIN.confluent_producer(partitioner="random")["partitioner"] == "murmur2_random"
    assert "partitioner" not in PLAIN.confluent()


@pytest.mark.parametrize("connection", [PLAIN, SCRAM, TOKENS, TLS])
def test_faust_accepts_what_it_is_given(connection: Connection) -> None:
    app = faust.App("try", **connection_settings(connection))
    assert [f"{url.scheme}://{url.host}:{url.port}" for url in app.conf.broker] == [
        f"aiokafka://{address.strip()}" for address in connection.bootstrap_servers.split(",")
    ]
    credentials: Any = app.conf.broker_credentials
    if connection is PLAIN:
        assert credentials is None
    else:
        assert credentials.protocol.value == connection.security_protocol
    if connection is SCRAM:
        assert (credentials.mechanism.value, credentials.username, credentials.password) == (
            "SCRAM-SHA-512",
            "worker",
            "hush",
        )


def test_the_tls_context_trusts_the_given_authorities_only(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    connection = Connection(bootstrap_servers="a:1", security_protocol="SSL", ssl_ca_file=tmp_path / "ca.pem")
    with pytest.raises(ssl.SSLError):
        connection.ssl_context()
    assert TLS.ssl_context().check_hostname is False
    assert TLS.ssl_context().verify_mode is ssl.CERT_REQUIRED


def test_no_secret_shows_in_a_repr() -> None:
    assert "hush" not in repr([SCRAM, TOKENS, Connection(bootstrap_servers="a:1", ssl_key_password="hush")])


def test_a_broker_that_is_not_there_is_told_soon_with_the_reason_and_what_to_do() -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    began = time.monotonic()
    with pytest.raises(BrokerUnreachable) as told:
        Connection(bootstrap_servers=address).check_reachable(timeout=1)
    assert time.monotonic() - began < 5
    for part in (address, "refused", "KAFKA_BOOTSTRAP_SERVERS", "lead-qualifier demo"):
        assert part in IN_ENGLISH.failure(told.value)


@pytest.mark.parametrize("setting", ["ca", "certificate", "key"])
def test_a_file_that_is_missing_or_no_pem_is_named_before_the_broker_is_asked(tmp_path: Path, setting: str) -> None:
    path = tmp_path / "nothing.pem"
    files: dict[str, Any] = {f"ssl_{setting}_file": path}
    connection = Connection(bootstrap_servers="127.0.0.1:1", security_protocol="SSL", **files)
    for said in (f"KAFKA_SSL_{setting.upper()}_FILE: {path} cannot be read: No such file", "is not a PEM file"):
        began = time.monotonic()
        with pytest.raises(UnusableConnection) as told:
            connection.check_reachable(30)
        assert said in IN_ENGLISH.failure(told.value)
        assert time.monotonic() - began < 5
        path.write_text("nothing")
