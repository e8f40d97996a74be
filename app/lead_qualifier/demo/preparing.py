"""What the demo sets up on its first run: scoring models live, lead management on, the model enterprise published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lead_qualifier.client.commands import CommandSender, DefinitionClient, Outcome, switch_feature
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.client.scoring_models import announce
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT
from lead_qualifier.demo.errors import NotPrepared
from lead_qualifier.demo.world import DEMOGRAPHIC, ENGAGEMENT
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import read_model_file
from lead_qualifier.settings import Settings

MODELS = Path(__file__).parent / "models"
ISSUED_BY = "demo"
FIRST_MODEL = MODELS / "enterprise.yaml"
OTHER_MODEL = MODELS / "enthusiasts.yaml"
OWN_SCORES = Path(__file__).parent / "scores.jsonl"


def prepare(connection: Connection, settings: Settings, say: Callable[[str], None]) -> None:
    """Set up what nobody has set up before: what was switched off or stopped meanwhile stays so.

    Raises NotPrepared, CommandUnanswered.
    """
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
    sender = CommandSender(
        connection, topic_prefix=settings.topic_prefix, issued_by=ISSUED_BY, timeout=settings.command_timeout
    )
    if rulebook.feature(LEAD_MANAGEMENT) is None:
        _tell(switch_feature(sender, LEAD_MANAGEMENT, on=True), say)
    model = read_model_file(FIRST_MODEL)
    client = DefinitionClient("model", sender)
    entry = rulebook.model(model.id)
    if entry is None:
        _tell(client.apply(definition_of(model)), say)
    if entry is None or entry.version == 0:
        _tell(client.move("publish", model.id), say)


def _tell(outcome: Outcome, say: Callable[[str], None]) -> None:
    if not outcome.accepted:
        raise NotPrepared(outcome.message)
    say(outcome.message)
