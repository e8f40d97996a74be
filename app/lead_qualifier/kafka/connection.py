"""Describes the connection to Kafka; every client gets its configuration from here."""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from lead_qualifier.kafka.errors import BrokerUnreachable, LoginRefused, UnusableConnection, UnusableFile
from lead_qualifier.kafka.tls_files import ReloadingContext

_LIBRDKAFKA = logging.getLogger("librdkafka")

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


@dataclass(frozen=True, kw_only=True)
class OAuth:
    """Where a token comes from: OAuth 2 client credentials (OIDC)."""

    token_endpoint_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach Kafka. Secrets do not show in its repr."""

    bootstrap_servers: str
    """host:port, several joined by commas."""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    oauth: OAuth | None = None
    ssl_ca_file: Path | None = None
    """PEM; without it the system's certificate authorities are trusted."""
    ssl_certificate_file: Path | None = None
    ssl_key_file: Path | None = None
    ssl_key_password: str | None = field(default=None, repr=False)
    ssl_check_hostname: bool = True
    compression: Compression = "gzip"
    """How our producers compress."""
    log_level: int | None = None
    """How much librdkafka writes to standard error by itself: 0 nothing, up to 7; None is its default."""

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.security_protocol in {"SSL", "SASL_SSL"}

    @property
    def authenticated(self) -> bool:
        """Whether the connection logs in with SASL."""
        return self.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    def confluent(self, **extra: Any) -> dict[str, Any]:
        """Configuration of a confluent-kafka consumer or admin client.

        `extra` is laid over it, by librdkafka's names: `confluent(**{"group.id": "scores"})`.
        """
        # Without a logger librdkafka writes lines of its own form to standard error, where logs are JSON.
        config: dict[str, Any] = {"bootstrap.servers": self.bootstrap_servers, "logger": _LIBRDKAFKA}
        if self.log_level is not None:
            config["log_level"] = self.log_level
        if self.security_protocol != "PLAINTEXT":
            config["security.protocol"] = self.security_protocol
        if self.encrypted:
            config |= self._confluent_tls()
        if self.authenticated:
            config |= self._confluent_sasl()
        return config | extra

    def confluent_producer(self, **extra: Any) -> dict[str, Any]:
        """Configuration of a confluent-kafka producer: keys go to the partitions that Java clients choose."""
        compression: dict[str, Any] = {"compression.type": self.compression}
        if self.compression == "gzip":
            compression["compression.level"] = 1  # higher levels shrink JSON little further and cost much throughput
        return self.confluent(**{**compression, **extra, "partitioner": "murmur2_random"})

    def aiokafka(self) -> dict[str, Any]:
        """Keyword arguments of an aiokafka client. Raises OSError or ssl.SSLError as `ssl_context`."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.encrypted:
            arguments["ssl_context"] = self.ssl_context()
        if not self.authenticated:
            return arguments
        if self.oauth is not None:
            from lead_qualifier.kafka.oauth import TokenProvider  # noqa: PLC0415

            return arguments | {
                "sasl_mechanism": "OAUTHBEARER",
                "sasl_oauth_token_provider": TokenProvider(self.oauth),
            }
        return arguments | {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
        }

    def ssl_context(self) -> ssl.SSLContext:
        """The TLS settings for Python's ssl module. Each new connection uses the current content of the files.

        Raises OSError or ssl.SSLError when a file cannot be read or is not PEM.
        """
        files = (self.ssl_ca_file, self.ssl_certificate_file, self.ssl_key_file)
        return ReloadingContext.of(self._ssl_context, [path for path in files if path is not None])

    def _ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ssl_ca_file) if self.ssl_ca_file else None)
        context.check_hostname = self.ssl_check_hostname
        if self.ssl_certificate_file is not None:
            context.load_cert_chain(self.ssl_certificate_file, self.ssl_key_file, self.ssl_key_password)
        return context

    def check_reachable(self, timeout: float = 10.0) -> None:
        """Ask the broker for its metadata.

        Raises BrokerUnreachable after `timeout` seconds without an answer, LoginRefused as soon as the broker refuses
        the user's name or password, UnusableConnection, UnusableFile.
        """
        self._check_files()
        reported: list[KafkaError] = []
        # The reason (refused, unknown host, TLS) comes by callback; librdkafka's log of the same is switched off.
        try:
            admin = AdminClient(self.confluent(error_cb=reported.append, log_level=0))
        except KafkaException as error:
            raise UnusableConnection(error.args[0].str()) from error
        deadline = time.monotonic() + timeout
        attempt = 0.5  # callbacks are served between attempts; each is longer, for a broker that is slow
        while True:
            left = max(0.1, deadline - time.monotonic())
            attempt *= 2
            try:
                admin.list_topics(timeout=min(left, attempt))
                return
            except KafkaException as error:
                admin.poll(0)
                for one in reported:
                    if (refused := self.login_refused(one)) is not None:
                        raise refused from error
                if time.monotonic() >= deadline:
                    reason = (reported[0] if reported else error.args[0]).str()
                    raise BrokerUnreachable(self.bootstrap_servers, seconds=timeout, reason=reason) from error

    def login_refused(self, error: KafkaError) -> LoginRefused | None:
        """The exception to raise if a client's error means that the login was refused; None for other errors."""
        # With OAuth, the same error may mean that the token endpoint cannot be reached.
        if error.code() != KafkaError._AUTHENTICATION or self.oauth is not None:
            return None
        return LoginRefused(self.bootstrap_servers, error.str())

    def _check_files(self) -> None:
        """Check that each file is PEM, because OpenSSL's own messages are hard to understand. Raises UnusableFile."""
        if not self.encrypted:
            return
        for field_name in ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file"):
            path: Path | None = getattr(self, field_name)
            if path is None:
                continue
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UnusableFile(field_name, path, f"cannot be read: {error.strerror}") from error
            if b"-----BEGIN" not in content:
                raise UnusableFile(field_name, path, "is not a PEM file (it has no line -----BEGIN ...-----)")

    def _confluent_tls(self) -> dict[str, Any]:
        files = {
            "ssl.ca.location": self.ssl_ca_file,
            "ssl.certificate.location": self.ssl_certificate_file,
            "ssl.key.location": self.ssl_key_file,
        }
        config: dict[str, Any] = {name: str(path) for name, path in files.items() if path is not None}
        if self.ssl_key_password is not None:
            config["ssl.key.password"] = self.ssl_key_password
        config["ssl.endpoint.identification.algorithm"] = "https" if self.ssl_check_hostname else "none"
        return config

    def _confluent_sasl(self) -> dict[str, Any]:
        config: dict[str, Any] = {"sasl.mechanism": self.sasl_mechanism}
        if self.oauth is None:
            return config | {"sasl.username": self.sasl_username, "sasl.password": self.sasl_password}
        config |= {
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": self.oauth.token_endpoint_url,
            "sasl.oauthbearer.client.id": self.oauth.client_id,
            "sasl.oauthbearer.client.secret": self.oauth.client_secret,
        }
        if self.oauth.scope is not None:
            config["sasl.oauthbearer.scope"] = self.oauth.scope
        return config
