"""Files that are exchanged are noticed once, and new connections get them; files of no use change nothing."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest

from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.tls_files import TlsFiles
from tests.support.certificates import Authority


def test_a_file_that_is_written_or_renamed_over_is_noticed_once(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("one")
    files = TlsFiles([path])
    assert not files.changed()
    path.write_text("another")
    assert files.changed()
    assert not files.changed()
    (tmp_path / "new.pem").write_text("another")
    (tmp_path / "new.pem").rename(path)
    assert files.changed()
    assert not files.changed()
    path.chmod(0o640)
    assert files.changed(), "a file that may be read only now counts, too"


def test_a_link_that_leads_elsewhere_is_noticed_as_kubernetes_exchanges_secrets(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key.pem").write_text(name)
    current = tmp_path / "current"
    current.symlink_to("old")
    files = TlsFiles([current / "key.pem"])
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").rename(current)
    assert files.changed()


def test_a_file_that_is_gone_for_a_moment_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("one")
    files = TlsFiles([path])
    path.rename(tmp_path / "away.pem")
    assert not files.changed()
    (tmp_path / "away.pem").rename(path)
    assert not files.changed()


def test_a_clients_files_are_those_that_librdkafka_reads(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("one")
    connection = Connection(bootstrap_servers="a:1", security_protocol="SSL", ssl_ca_file=tmp_path / "ca.pem")
    files = TlsFiles.of(connection.confluent())
    (tmp_path / "ca.pem").write_text("another")
    assert files.changed()
    assert not TlsFiles.of(Connection(bootstrap_servers="a:1").confluent()).changed()


def test_what_could_not_be_made_of_new_files_is_tried_again_later_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("lead_qualifier.kafka.tls_files.time.monotonic", lambda: now)
    path = tmp_path / "key.pem"
    path.write_text("one")
    files = TlsFiles([path])
    path.write_text("another")
    assert files.changed()
    for pause in (5, 10, 20, 40, 60, 60):
        files.failed("tls_files_not_usable", OSError("no"))
        now += pause - 1
        assert not files.changed()
        now += 1
        assert files.changed()
        assert not files.changed(), "it is tried once"
    path.write_text("a third")
    assert files.changed()
    files.failed("tls_files_not_usable", OSError("no"))
    now += 5
    assert files.changed()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates, and is not installed")
def test_clients_go_on_with_what_they_have_while_new_files_are_of_no_use(tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority.make(tmp_path / "old").certificate.read_bytes())
    connection = Connection(bootstrap_servers="127.0.0.1:1", security_protocol="SSL", ssl_ca_file=trusted, log_level=0)
    producer, admin = Producer(connection), Admin(connection.confluent())
    writing, asking = producer._producer, admin.client
    trusted.write_bytes(b"no certificate at all")
    producer.renew()
    assert producer._producer is writing
    assert admin.client is asking
    trusted.write_bytes(Authority.make(tmp_path / "new").certificate.read_bytes())
    producer.renew()
    assert producer._producer is not writing
    assert admin.client is not asking


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates, and is not installed")
def test_each_connection_trusts_what_the_file_holds_by_then(tmp_path: Path) -> None:
    old, new = (Authority.make(tmp_path / name) for name in ("old", "new"))
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(old.certificate.read_bytes())
    context = Connection(bootstrap_servers="a:1", security_protocol="SSL", ssl_ca_file=trusted).ssl_context()
    assert trusts(context, old)
    assert not trusts(context, new)
    trusted.write_bytes(new.certificate.read_bytes())
    assert trusts(context, new)
    assert not trusts(context, old)
    trusted.write_bytes(b"no certificate at all")
    assert trusts(context, new)


def trusts(context: ssl.SSLContext, authority: Authority) -> bool:
    """Does a handshake with a server whose certificate this authority signed come to its end?"""
    certificate, key = authority.sign("server")
    both = authority.key.with_name("both.pem")
    both.write_bytes(key + certificate)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(both)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return client.version() is not None
