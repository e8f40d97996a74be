"""Settings: where they come from, and what is said about one that cannot be used."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.settings import (
    PREFIX,
    InvalidSettings,
    LogFormat,
    Settings,
    Tracing,
    UnknownLeads,
    load_settings,
    unknown_variables,
    variable_of,
)
from tools.configuration_table import document
from tools.docstrings import below_fields

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith((PREFIX, "KAFKA_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = load_settings()
    assert settings.kafka_bootstrap_servers is None
    assert (settings.application_id, settings.topic_prefix, settings.partitions) == ("lead-qualifier", "", 8)
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 6066)
    assert settings.unknown_leads is UnknownLeads.OPEN
    assert settings.log_format is LogFormat.AUTO
    assert settings.create_topics is True
    assert settings.command_timeout == 60


def test_options_win_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LEAD_QUALIFIER_PARTITIONS=1\nLEAD_QUALIFIER_WEB_PORT=1\nLEAD_QUALIFIER_TOPIC_PREFIX=a.\n")
    monkeypatch.setenv("LEAD_QUALIFIER_PARTITIONS", "2")
    monkeypatch.setenv("LEAD_QUALIFIER_WEB_PORT", "2")
    settings = load_settings(partitions=3, web_port=None)
    assert (settings.partitions, settings.web_port, settings.topic_prefix) == (3, 2, "a.")


def test_tracing_needs_an_extra_and_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(tracing="otlp").tracing is Tracing.OTLP
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    monkeypatch.setenv("LEAD_QUALIFIER_TRACING", "otlp")
    with pytest.raises(InvalidSettings, match=r"LEAD_QUALIFIER_TRACING: .*pip install 'lead-qualifier\[otel\]'"):
        load_settings()


def test_a_setting_set_to_nothing_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_QUALIFIER_PARTITIONS", "")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    settings = load_settings()
    assert (settings.partitions, settings.kafka_bootstrap_servers) == (8, None)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LEAD_QUALIFIER_PARTITIONS", "many", "(it is 'many')"),
        ("LEAD_QUALIFIER_PARTITIONS", "0", "greater than or equal to 1"),
        ("LEAD_QUALIFIER_UNKNOWN_LEADS", "closed", "'open' or 'ineligible'"),
        ("LEAD_QUALIFIER_WEB_PORT", "70000", "less than or equal to 65535"),
        ("LEAD_QUALIFIER_TOPIC_PREFIX", "a b", "should be of the form acme., of letters, digits"),
        ("LEAD_QUALIFIER_COMMAND_TIMEOUT", "0", "greater than 0"),
        ("LEAD_QUALIFIER_REPLICATION_FACTOR", "0", "-1 for the broker's default"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost", "should be host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "one:9092,two", "should be host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "one:port", "should be host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "http://kafka:9092", "should be host:port, without http://, such as kafka:9092"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,SASL_SSL://b:9", "should be host:port, without SASL_SSL://, such as b:9"),
        ("KAFKA_BOOTSTRAP_SERVERS", "http://:9092", "should be host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "me@kafka:9092", "'me@kafka' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka/path:9092", "'kafka/path' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1 b:2", "'a:1 b' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1;b:2", "'a:1;b' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "::1:9092", "'::1' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "[::1:9092", "'[::1' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "${KAFKA}:9092", "'${KAFKA}' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "<kafka>:9092", "'<kafka>' is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "\ufeffkafka:9092", "is not a host"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:\u0669", "should be host:port"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "'SASL_SSL'"),
    ],
)
def test_an_invalid_value_is_named_with_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as told:
        load_settings()
    assert str(told.value).startswith(f"{variable}: ")
    assert said in str(told.value)


def test_brokers_are_named_by_name_or_address() -> None:
    servers = "kafka_1.example-2:9092, 10.0.0.1:1,[::1]:9092,[fe80::1%eth0]:65535"
    assert load_settings(kafka_bootstrap_servers=servers).kafka_bootstrap_servers == servers


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_QUALIFIER_PARTITIONS", "many")
    monkeypatch.setenv("LEAD_QUALIFIER_WEB_PORT", "none")
    with pytest.raises(InvalidSettings) as told:
        load_settings()
    assert len(str(told.value).splitlines()) == 2


def test_half_a_login_names_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "worker")
    with pytest.raises(InvalidSettings, match="SASL_SSL with PLAIN needs KAFKA_SASL_PASSWORD"):
        load_settings()
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "OAUTHBEARER")
    with pytest.raises(InvalidSettings, match="KAFKA_SASL_OAUTH_TOKEN_ENDPOINT_URL and KAFKA_SASL_OAUTH_CLIENT_ID and"):
        load_settings()


def test_a_client_certificate_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SSL_CERTIFICATE_FILE", "client.pem")
    with pytest.raises(InvalidSettings, match="go together"):
        load_settings()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_the_connection_is_as_set(monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "one:9093")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", mechanism)
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "worker")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hush")
    monkeypatch.setenv("KAFKA_SSL_CA_FILE", "ca.pem")
    connection = load_settings().connection()
    assert connection.bootstrap_servers == "one:9093"
    assert connection.security_protocol == "SASL_SSL"
    assert connection.sasl_mechanism == mechanism
    assert (connection.sasl_username, connection.sasl_password) == ("worker", "hush")
    assert connection.ssl_ca_file == Path("ca.pem")
    assert load_settings().connection("two:9093").bootstrap_servers == "two:9093"


def test_the_connection_with_tokens_is_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "one:9093")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "OAUTHBEARER")
    monkeypatch.setenv("KAFKA_SASL_OAUTH_TOKEN_ENDPOINT_URL", "https://login.example/token")
    monkeypatch.setenv("KAFKA_SASL_OAUTH_CLIENT_ID", "worker")
    monkeypatch.setenv("KAFKA_SASL_OAUTH_CLIENT_SECRET", "hush")
    oauth = load_settings().connection().oauth
    assert oauth is not None
    assert (oauth.token_endpoint_url, oauth.client_id, oauth.client_secret, oauth.scope) == (
        "https://login.example/token",
        "worker",
        "hush",
        None,
    )


def test_without_an_address_it_says_what_to_set() -> None:
    with pytest.raises(InvalidSettings, match="set KAFKA_BOOTSTRAP_SERVERS"):
        load_settings().connection()


def test_no_secret_shows_in_settings_or_their_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        if "SecretStr" in str(field.annotation):
            monkeypatch.setenv(variable_of(name), "hush")
    monkeypatch.setenv("LEAD_QUALIFIER_PARTITIONS", "many")
    assert "hush" not in repr(load_settings(partitions=1))
    with pytest.raises(InvalidSettings) as told:
        load_settings()
    assert "hush" not in str(told.value)


def test_an_unknown_name_is_a_warning_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LEAD_QUALIFIER_WEBPORT=1\n")
    monkeypatch.setenv("LEAD_QUALIFIER_PARTITION", "4")
    monkeypatch.setenv("LEAD_QUALIFIER_XYZZY", "4")
    partition, webport, other = unknown_variables()
    assert "LEAD_QUALIFIER_PARTITION: did you mean LEAD_QUALIFIER_PARTITIONS?" in partition
    assert "LEAD_QUALIFIER_WEBPORT: did you mean LEAD_QUALIFIER_WEB_PORT?" in webport
    assert "LEAD_QUALIFIER_XYZZY" in other
    assert load_settings().partitions == 8


def test_every_setting_of_ours_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        if variable_of(name).startswith(PREFIX):
            monkeypatch.setenv(variable_of(name), "1")
    assert unknown_variables() == []


@pytest.mark.docs
@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_means(name: str) -> None:
    assert name in below_fields(Settings), f"give {name} a docstring in app/lead_qualifier/settings"
    assert below_fields(Settings)[name].endswith("."), "it is a sentence"


@pytest.mark.docs
def test_the_configuration_page_is_what_the_settings_say() -> None:
    written = (ROOT / "docs" / "reference" / "configuration.md").read_text()
    assert written == document(), "run `make docs`"


@given(st.text(alphabet=st.characters(codec="ascii", categories=["Lu", "Nd"]), min_size=1, max_size=30))
def test_a_warning_always_names_the_variable(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{PREFIX}{name}_", "1")
        assert any(f"{PREFIX}{name}_" in warning for warning in unknown_variables())


def test_the_name_of_a_field_alone_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("WEB_PORT=1\nLOG_FORMAT=json\n")
    monkeypatch.setenv("PARTITIONS", "2")
    monkeypatch.setenv("BROKER", "somewhere:9092")
    settings = load_settings()
    assert (settings.partitions, settings.web_port, settings.log_format) == (8, 6066, LogFormat.AUTO)
