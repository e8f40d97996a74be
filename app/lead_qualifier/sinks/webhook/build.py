"""Builds a webhook sink from its file and the environment."""

from __future__ import annotations

from pathlib import Path

from lead_qualifier.messages.cloud_events import source
from lead_qualifier.sinks.forms import read
from lead_qualifier.sinks.sink import Sink, client_of, sink_of
from lead_qualifier.sinks.webhook.form import WEBHOOK
from lead_qualifier.sinks.webhook.sender import WebhookSender, target


def webhook(file: Path, *, application_id: str) -> Sink:
    """Raises BadDefinitionFile, MissingSecret, OSError."""
    form = read(file, WEBHOOK)
    destination = target(form, source=source(application_id))
    client = client_of(form, file.parent)
    sender = WebhookSender(destination, client)
    return sink_of("webhook", form, send=sender, check=sender.ping, client=client)
