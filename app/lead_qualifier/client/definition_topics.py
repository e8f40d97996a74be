"""Where each kind of definition has its commands and its audit trail, and what these call a definition's id."""

from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.messages import downstream_topics as downstream
from lead_qualifier.messages.topics import QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, Topic

QUALIFICATION_MODEL = "model"


@dataclass(frozen=True, slots=True)
class DefinitionTopics:
    """`id_field`: the field of commands and events that holds the definition's id. `service`: what handles commands."""

    commands: Topic
    changed: Topic
    id_field: str
    service: str


def topics_of(kind: str) -> DefinitionTopics:
    """The topics of a kind, by its word on the command line: `model`, `journey` and so on."""
    if kind == QUALIFICATION_MODEL:
        return DefinitionTopics(
            QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, "qualification_model_id", "lead-qualifier worker"
        )
    return DefinitionTopics(
        downstream.commands(kind), downstream.definition_changed(kind), "definition_id", "lead-qualifier downstream"
    )
