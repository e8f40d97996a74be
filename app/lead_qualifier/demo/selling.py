"""What the demo sets up behind the qualified leads: sellers, a journey, an assignment and a sequence, once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from lead_qualifier.client.commands import CommandSender, DefinitionClient, Outcome
from lead_qualifier.client.definitions import read_definitions
from lead_qualifier.demo.errors import NotPrepared
from lead_qualifier.demo.preparing import ISSUED_BY
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.definition_file import read_definition_file
from lead_qualifier.messages.downstream_topics import SELLER_CHANGED
from lead_qualifier.settings import Settings

_FOLDER = Path(__file__).parent / "definitions"
DEFINITIONS: tuple[tuple[str, Path], ...] = (
    ("sequence", _FOLDER / "first-contact.yaml"),
    ("assignment", _FOLDER / "inside-sales.yaml"),
    ("journey", _FOLDER / "welcome.yaml"),
)
_SELLERS = _FOLDER / "sellers.yaml"


def prepare_selling(connection: Connection, settings: Settings) -> None:
    """Set up what nobody has set up before. Raises NotPrepared, CommandUnanswered, TopicMissing, KafkaException."""
    for kind, file in DEFINITIONS:
        definition = read(file)
        known = read_definitions(TopicReader(connection), kind, topic_prefix=settings.topic_prefix)
        if any(one.id == definition["id"] for one in known):
            continue
        if kind == "assignment":
            _announce_sellers(connection, settings)
        sender = CommandSender(
            connection, topic_prefix=settings.topic_prefix, issued_by=ISSUED_BY, timeout=settings.command_timeout
        )
        client = DefinitionClient(kind, sender)
        _accepted(client.apply(definition))
        _accepted(client.move("publish", definition["id"]))


def read(file: Path) -> dict[str, Any]:
    """The definition in one of these files; what is wrong with one the service says."""
    # not yaml.safe_load, to which `on` and `yes` are no names
    return cast("dict[str, Any]", read_definition_file(file, lambda _definition: ()))


def _announce_sellers(connection: Connection, settings: Settings) -> None:
    producer = Producer(connection)
    topic = SELLER_CHANGED.full_name(settings.topic_prefix)
    for seller in cast("list[dict[str, Any]]", yaml.safe_load(_SELLERS.read_text())):
        key = seller["seller_id"]
        message = {"event_id": f"demo-{key}", "occurred_at": datetime.now(UTC), **seller}
        producer.send(topic, key.encode(), msgspec.json.encode(message))
    producer.flush()


def _accepted(outcome: Outcome) -> None:
    if not outcome.accepted:
        raise NotPrepared("; ".join(outcome.lines))
