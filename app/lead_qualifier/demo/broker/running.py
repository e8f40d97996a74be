"""The broker that commands use: the one given, else one that runs here for the demo."""

from __future__ import annotations

from lead_qualifier.demo.broker.kinds import IN_ORDER
from lead_qualifier.demo.broker.local_broker import running_address
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.settings import Settings


def find_running(settings: Settings) -> Connection | None:
    """The connection to the broker given, else to one that runs for the demo in this folder; None: there is neither."""
    if settings.kafka_bootstrap_servers is not None:
        return settings.connection()
    for kind in IN_ORDER:
        address = running_address(settings.data_dir / kind)
        if address is not None:
            return Connection(bootstrap_servers=address)
    return None
