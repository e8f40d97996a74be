"""What the demo sets up on its first run: models, then sellers, a journey, an assignment and a sequence.

What somebody has set up before, and has switched off or stopped since, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.client.definitions import read_definitions
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.client.scoring_models import announce
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT
from lead_qualifier.demo.errors import NotPrepared
from lead_qualifier.demo.simulated_world import DEMOGRAPHIC, ENGAGEMENT
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.definition_file import read_definition_file
from lead_qualifier.messages.topics import SELLER_CHANGED
from lead_qualifier.settings import Settings

_HERE = Path(__file__).parent
FIRST_MODEL = _HERE / "models" / "enterprise.yaml"
OTHER_MODEL = _HERE / "models" / "enthusiasts.yaml"
OWN_SCORES = _HERE / "scores.jsonl"
DEFINITIONS: tuple[tuple[str, Path], ...] = (
    ("sequence", _HERE / "definitions" / "first-contact.yaml"),
    ("assignment", _HERE / "definitions" / "inside-sales.yaml"),
    ("journey", _HERE / "definitions" / "welcome.yaml"),
)
SELLERS = _HERE / "definitions" / "sellers.yaml"


def provision_qualification(connection: Connection, settings: Settings, say: Callable[[str], None]) -> None:
    """Scoring models live, lead management on, the model published. Raises NotPrepared, CommandUnanswered."""
    rulebook = read_rulebook(connection, topic_prefix=settings.topic_prefix)
    for scoring_model in (ENGAGEMENT, DEMOGRAPHIC):
        if rulebook.scoring_model(scoring_model) is None:
            # The command decider reads what is announced before it decides: no need to wait for it here.
            announce(
                connection,
                topic_prefix=settings.topic_prefix,
                scoring_model_id=scoring_model,
                status="live",
                name=scoring_model.capitalize(),
                timeout=0,
            )
            say(f"scoring model {scoring_model} is live")
    client = _client(connection, settings)
    if rulebook.feature(LEAD_MANAGEMENT) is None:
        say(_accepted(client.switch_feature(LEAD_MANAGEMENT, on=True)))
    model = read(FIRST_MODEL)
    entry = rulebook.model(model["id"])
    if entry is None:
        say(_accepted(client.apply("model", model)))
    if entry is None or entry.version == 0:
        say(_accepted(client.move("model", "publish", model["id"])))


def provision_downstream(connection: Connection, settings: Settings) -> None:
    """What happens to qualified leads. Raises NotPrepared, CommandUnanswered, TopicMissing, KafkaException."""
    for kind, file in DEFINITIONS:
        definition = read(file)
        known = read_definitions(TopicReader(connection), kind, topic_prefix=settings.topic_prefix)
        if any(one.id == definition["id"] for one in known):
            continue
        if kind == "assignment":
            _announce_sellers(connection, settings)
        client = _client(connection, settings)
        _accepted(client.apply(kind, definition))
        _accepted(client.move(kind, "publish", definition["id"]))


def read(file: Path) -> dict[str, Any]:
    """The definition in one of these files; the service says what is wrong with one."""
    # not yaml.safe_load, to which `on` and `yes` are no names
    return cast("dict[str, Any]", read_definition_file(file, lambda _definition: ()))


def _client(connection: Connection, settings: Settings) -> CommandClient:
    return CommandClient(
        connection, topic_prefix=settings.topic_prefix, issued_by="demo", timeout=settings.command_timeout
    )


def _announce_sellers(connection: Connection, settings: Settings) -> None:
    producer = Producer(connection)
    topic = SELLER_CHANGED.full_name(settings.topic_prefix)
    for seller in cast("list[dict[str, Any]]", yaml.safe_load(SELLERS.read_text())):
        key = seller["seller_id"]
        message = {"event_id": f"demo-{key}", "occurred_at": datetime.now(UTC), **seller}
        producer.send(topic, key.encode(), msgspec.json.encode(message))
    producer.flush()


def _accepted(outcome: Outcome) -> str:
    """Its message."""
    if not outcome.accepted:
        raise NotPrepared("; ".join(outcome.lines))
    return outcome.message
