"""How Faust connects to Kafka and logs in."""

from __future__ import annotations

from typing import Any

from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.oauth import TokenProvider


def faust_settings(connection: Connection) -> dict[str, Any]:
    """Keyword arguments for `faust.App`: `broker`, and `broker_credentials` where there are any.

    Raises OSError or ssl.SSLError when a file of the connection cannot be read or is not PEM.
    """
    # Faust takes several addresses as one string joined by semicolons
    addresses = (address.strip() for address in connection.bootstrap_servers.split(","))
    settings: dict[str, Any] = {"broker": ";".join(f"aiokafka://{address}" for address in addresses if address)}
    credentials = _credentials(connection)
    if credentials is not None:
        settings["broker_credentials"] = credentials
    return settings


def _credentials(connection: Connection) -> Any:
    if connection.security_protocol == "PLAINTEXT":
        return None
    context = connection.ssl_context() if connection.encrypted else None
    if not connection.authenticated:
        return SSLCredentials(context)
    if connection.oauth is not None:
        return OAuthCredentials(oauth_cb=TokenProvider(connection.oauth), ssl_context=context)
    return SASLCredentials(
        username=connection.sasl_username,
        password=connection.sasl_password,
        ssl_context=context,
        mechanism=connection.sasl_mechanism,
    )
