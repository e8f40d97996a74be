"""The transactional producer after its TLS files were replaced, while no broker answers: it keeps what it has."""

from __future__ import annotations

import shutil
from pathlib import Path

import confluent_kafka
import pytest
from structlog.testing import capture_logs

from lead_qualifier.engine import transaction
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.engine.transaction import TransactionalProducer
from lead_qualifier.kafka.connection import Connection
from tests.support.certificates import Authority

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificates, and is not installed"
)


def test_the_log_says_whether_the_files_or_the_broker_kept_it_from_a_new_producer_and_it_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "_RENEWAL_SECONDS", 0.1)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority.make(tmp_path / "old").certificate.read_bytes())
    connection = Connection(bootstrap_servers="127.0.0.1:1", security_protocol="SSL", ssl_ca_file=trusted, log_level=0)
    producer = TransactionalProducer(
        connection.confluent(), transactional_id="t", max_record_bytes=1000, hook=no_fault_hook
    )
    former = producer._producer = confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})

    def events() -> list[str]:
        with capture_logs() as logs:
            producer.prepare()
        assert producer._producer is former
        return [line["event"] for line in logs]

    assert events() == []
    trusted.write_bytes(b"no certificate at all")
    assert events() == ["tls_files_not_usable"]
    trusted.write_bytes(Authority.make(tmp_path / "new").certificate.read_bytes())
    assert events() == ["producer_not_renewed"]
    assert events() == [], "not at every transaction"
    producer._tls_files._retry_at = 0.0
    assert events() == ["producer_not_renewed"]
