"""A webhook from its file and the environment."""

from __future__ import annotations

from pathlib import Path

from app.contracts.cloud_events import source
from app.downstream.sinks.forms import carried, read
from app.downstream.sinks.sink import Sink, client_of, sink_of
from app.downstream.sinks.webhook.form import WEBHOOK
from app.downstream.sinks.webhook.sender import WebhookSender, target


def webhook(file: Path, *, application_id: str) -> Sink:
    """Raises BadModelFile, MissingSecret, OSError."""
    form = read(file, WEBHOOK)
    where = target(form, source=source(application_id))
    client = client_of(form, file.parent)
    sender = WebhookSender(where, client)
    return sink_of("webhook", form, topics=carried(form), send=sender, check=sender.ping, client=client)
