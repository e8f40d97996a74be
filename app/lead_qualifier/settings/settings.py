"""The settings of every command. `make docs` documents them from here."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from lead_qualifier.kafka.connection import Compression, Connection, OAuth, SaslMechanism, SecurityProtocol
from lead_qualifier.messages.decode import read_framing
from lead_qualifier.messages.id_form import IdNormalisation, require_id_form
from lead_qualifier.settings.console import ConsoleSettings
from lead_qualifier.settings.form import Duration, InvalidSettings, reveal, variable_of

#: What the extra `otel` installs.
_OTEL_MODULES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
#: A name, an IPv4 address, or an IPv6 address in brackets.
_HOST = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+(?:%\w+)?\]")
_PORT = re.compile(r"[0-9]{1,5}")


class UnknownLeads(StrEnum):
    """How to treat a lead that the CRM has not reported yet."""

    OPEN = "open"
    INELIGIBLE = "ineligible"


class SchemaRegistryFraming(StrEnum):
    """How to treat values with the framing of a Schema Registry."""

    REFUSE = "refuse"
    READ = "read"


class LogFormat(StrEnum):
    """The format of log lines."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class Tracing(StrEnum):
    """What becomes of the steps of traces."""

    NONE = "none"
    OTLP = "otlp"


class BrokerChoice(StrEnum):
    """Which broker the demo starts if no address is given."""

    AUTO = "auto"
    CONTAINER = "container"
    JAVA = "java"
    NOIDA = "noida"


class Settings(ConsoleSettings):
    """The settings of every command. Make one with `load_settings`.

    A field's docstring and default are its documentation: to add a setting, add a field here (or to
    ConsoleSettings, if only the console reads it) and run `make docs`.
    """

    # -- the connection
    kafka_bootstrap_servers: str | None = None
    """Addresses of the Kafka brokers: `host:port`, separated by commas. Without it, the demo and the tests find or
    start a broker, and other commands use the demo's.
    """
    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    """Protocol to the brokers."""
    kafka_sasl_mechanism: SaslMechanism = "PLAIN"
    """SASL mechanism, for the two `SASL_` protocols."""
    kafka_sasl_username: str | None = None
    """User name for `PLAIN` and `SCRAM`."""
    kafka_sasl_password: SecretStr | None = None
    """Password for `PLAIN` and `SCRAM`."""
    kafka_sasl_oauth_token_endpoint_url: str | None = None
    """For `OAUTHBEARER`: the token endpoint for client credentials (OAuth 2, OIDC)."""
    kafka_sasl_oauth_client_id: str | None = None
    """For `OAUTHBEARER`: the client's id."""
    kafka_sasl_oauth_client_secret: SecretStr | None = None
    """For `OAUTHBEARER`: the client's secret."""
    kafka_sasl_oauth_scope: str | None = None
    """For `OAUTHBEARER`: the requested scope."""
    kafka_ssl_ca_file: Path | None = None
    """Certificate authorities to trust (PEM file). Default: the system's."""
    kafka_ssl_certificate_file: Path | None = None
    """Client certificate (PEM file), for mutual TLS."""
    kafka_ssl_key_file: Path | None = None
    """Key of the client certificate (PEM file)."""
    kafka_ssl_key_password: SecretStr | None = None
    """Password of that key."""
    kafka_ssl_check_hostname: bool = True
    """Refuse a broker whose certificate does not match its host name."""

    # -- the application
    compression: Compression = "gzip"
    """Compression of the records that are written. Every Kafka client reads `gzip`; `lz4` and `zstd` take less CPU, but
    some clients, such as kafkajs, need a plug-in to read them.
    """
    application_id: Annotated[str, Field(min_length=1)] = "lead-qualifier"
    """Consumer group of the workers. Workers with the same id share the work. Each installation on a cluster (topic
    prefix, state prefix) needs its own id: a process refuses to start if the group serves another installation.
    """
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=100)] = ""
    """Prefix of every topic's name, without a separator: `acme.` gives `acme.lead-qualified`."""
    state_prefix: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=150)] = None
    """Prefix of the topics that hold state (`lead-state`, `command-state`) instead of the topic prefix, for workers
    that use a state built by `lead-qualifier rebuild`.
    """
    partitions: Annotated[int, Field(ge=1, le=1024)] = 8
    """Number of partitions of the topics keyed by lead, when they are created."""
    replication_factor: Annotated[int, Field(ge=-1)] = -1
    """Replicas of each topic, when it is created; `-1` is the broker's default."""
    create_topics: bool = True
    """Create missing topics at startup. If false, a worker with missing topics names them and stops."""
    startup_timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds that a worker waits at startup for a broker that is ready, before it gives up (exit code 3)."""
    commit_interval: Annotated[int, Field(ge=0, le=10_000)] = 100
    """Milliseconds that an event waits for others to share its transaction. Few events then cost a fraction of the CPU,
    in the programs and at the brokers, and are visible that much later. Under load nothing waits; `0` never waits.
    """
    unknown_leads: UnknownLeads = UnknownLeads.OPEN
    """How to treat a lead that has scores but no `lead-changed` from the CRM yet: `open` can qualify, `ineligible`
    cannot until its `lead-changed` arrives.
    """
    time_tolerance: Duration = timedelta(hours=1)
    """How far ahead of its record's time in Kafka a message may be dated: `90s`, `15m`, `1h`, `7d`. A message dated
    further ahead becomes a dead letter, because everything after it would count as older. A worker whose clock differs
    from the broker's by more than this (and at least a minute) uses the broker's time.
    """
    schema_registry_framing: SchemaRegistryFraming = SchemaRegistryFraming.REFUSE
    """How to treat values with the framing of a Schema Registry (a zero byte and a four-byte schema id, as its JSON
    Schema serializer writes them): `refuse` makes them dead letters, `read` reads the JSON behind it. No registry is
    contacted, and keys must be plain ids.
    """
    id_normalisation: IdNormalisation = IdNormalisation.NONE
    """The form that the ids of leads must have. Ids are compared byte by byte: a lead whose id comes in two forms is
    two leads. With `guid` (lower case, with hyphens, without braces) or `nfc` (Unicode normalization form C), a message
    with an id in another form becomes a dead letter whose reason names the form; no id is rewritten. Ids of contacts,
    owners and sellers are checked, too; with `guid` only those that are GUIDs.
    """
    command_timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds that a command waits for its outcome before it gives up (exit code 4)."""
    issued_by: Annotated[str | None, Field(min_length=1)] = None
    """The author of commands, for the audit trail. Default: user@host."""

    # -- health, logs and the demo
    web_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to serve health and metrics on. `0.0.0.0` is every address of the machine."""
    web_port: Annotated[int, Field(ge=0, le=65535)] = 6066
    """Port for health and metrics; `0` picks a free one."""
    log_format: LogFormat = LogFormat.AUTO
    """`json`: one object per line; `console`: for people; `auto`: console on a terminal, else json."""
    tracing: Tracing = Tracing.NONE
    """`otlp` exports each step of a trace as a span of OpenTelemetry, over HTTP to where `OTEL_EXPORTER_OTLP_ENDPOINT`
    says; the other `OTEL_` variables count, too. It needs `pip install 'lead-qualifier[otel]'`. With `none`, outputs
    only carry the trace of the record that they follow from.
    """
    data_dir: Path = Path(".data")
    """Folder for the data of the broker that the demo starts, and for the console's SQLite file."""
    broker: BrokerChoice = BrokerChoice.AUTO
    """Which broker the demo starts if no address is given. `auto` is the first that works: `container` (a Docker
    engine), `java` (Apache Kafka on this machine's Java 17 or newer), `noida` (embedded; one worker only). The first
    and the last need `pip install 'lead-qualifier[demo]'`.
    """

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _host_and_port(cls, servers: str | None) -> str | None:
        for address in (servers or "a:1").split(","):
            scheme, found, rest = address.strip().partition("://")
            if found:
                raise ValueError(
                    f"should be host:port, without {scheme}://, such as {rest or 'localhost:9092'}: Kafka uses "
                    "its own protocol, and KAFKA_SECURITY_PROTOCOL selects encryption"
                )
            host, _, port = address.strip().rpartition(":")
            if host and not _HOST.fullmatch(host):
                raise ValueError(f"should be host:port, separated by commas: {host!r} is not a host")
            if not (host and _PORT.fullmatch(port) and 0 < int(port) < 65536):
                raise ValueError("should be host:port, separated by commas")
        return servers

    @field_validator("tracing")
    @classmethod
    def _otel_installed(cls, tracing: Tracing) -> Tracing:
        if tracing is Tracing.OTLP and not all(map(_is_installed, _OTEL_MODULES)):
            raise ValueError("needs OpenTelemetry, which is not installed: pip install 'lead-qualifier[otel]'")
        return tracing

    @field_validator("replication_factor")
    @classmethod
    def _some_replicas(cls, replicas: int) -> int:
        if replicas == 0:
            raise ValueError("should be 1 or more, or -1 for the broker's default")
        return replicas

    @model_validator(mode="after")
    def _complete_credentials(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL_"):
            oauth = self.kafka_sasl_mechanism == "OAUTHBEARER"
            needed = (
                ["kafka_sasl_oauth_token_endpoint_url", "kafka_sasl_oauth_client_id", "kafka_sasl_oauth_client_secret"]
                if oauth
                else ["kafka_sasl_username", "kafka_sasl_password"]
            )
            missing = [variable_of(name) for name in needed if getattr(self, name) is None]
            if missing:
                raise ValueError(
                    f"{self.kafka_security_protocol} with {self.kafka_sasl_mechanism} needs {' and '.join(missing)}"
                )
        if (self.kafka_ssl_certificate_file is None) != (self.kafka_ssl_key_file is None):
            raise ValueError("KAFKA_SSL_CERTIFICATE_FILE and KAFKA_SSL_KEY_FILE go together: set both or neither")
        return self

    @property
    def prefix_of_state(self) -> str:
        """The prefix of the topics that hold state."""
        return self.topic_prefix if self.state_prefix is None else self.state_prefix

    def apply_to_decoding(self) -> None:
        """Set how this process decodes messages: the framing that it reads, the form that ids must have."""
        read_framing(self.schema_registry_framing is SchemaRegistryFraming.READ)
        require_id_form(self.id_normalisation)

    def connection(self, bootstrap_servers: str | None = None) -> Connection:
        """The configured connection to Kafka, or the same to `bootstrap_servers`, a broker that was found otherwise.

        Raises InvalidSettings if there is no address.
        """
        address = bootstrap_servers or self.kafka_bootstrap_servers
        if address is None:
            raise InvalidSettings(
                "no broker: set KAFKA_BOOTSTRAP_SERVERS (host:port), or start one with `lead-qualifier demo`"
            )
        oauth = None
        if self.kafka_sasl_mechanism == "OAUTHBEARER" and self.kafka_sasl_oauth_token_endpoint_url is not None:
            oauth = OAuth(
                token_endpoint_url=self.kafka_sasl_oauth_token_endpoint_url,
                client_id=self.kafka_sasl_oauth_client_id or "",
                client_secret=reveal(self.kafka_sasl_oauth_client_secret) or "",
                scope=self.kafka_sasl_oauth_scope,
            )
        return Connection(
            bootstrap_servers=address,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_sasl_username,
            sasl_password=reveal(self.kafka_sasl_password),
            oauth=oauth,
            ssl_ca_file=self.kafka_ssl_ca_file,
            ssl_certificate_file=self.kafka_ssl_certificate_file,
            ssl_key_file=self.kafka_ssl_key_file,
            ssl_key_password=reveal(self.kafka_ssl_key_password),
            ssl_check_hostname=self.kafka_ssl_check_hostname,
            compression=self.compression,
        )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False
