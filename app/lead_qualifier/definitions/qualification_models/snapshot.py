"""What the entries come to: the one snapshot of rules that workers decide by, and its revision."""

from collections.abc import Mapping

from lead_qualifier.definitions.qualification_models.entries import (
    LEAD_MANAGEMENT,
    FeatureEntry,
    ModelEntry,
    ProcessedCommands,
    ScoringModelEntry,
    Stored,
)
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel, Rules, UnknownLeads


def revision_of(record: Stored) -> int:
    """The revision of an entry, or the highest with which a command on it was answered; 0 if there is none."""
    if isinstance(record, ProcessedCommands):
        return max((one.revision for one in record.answers), default=0)
    return record.revision


def rules_from(entries: Mapping[str, Stored], unknown_leads: UnknownLeads = "open") -> Rules:
    """The snapshot that a worker decides by."""
    live_scoring_models = set()
    models = {}
    lead_management = False
    for entry in entries.values():
        if isinstance(entry, ScoringModelEntry) and entry.status == "live":
            live_scoring_models.add(entry.id)
        elif isinstance(entry, FeatureEntry) and entry.name == LEAD_MANAGEMENT:
            lead_management = entry.enabled
        elif isinstance(entry, ModelEntry) and entry.definition is not None:
            models[entry.id] = _ruled(entry, entry.definition)
    return Rules(
        revision=max(map(revision_of, entries.values()), default=0),
        lead_management=lead_management,
        live_scoring_models=frozenset(live_scoring_models),
        models=models,
        unknown_leads=unknown_leads,
    )


def _ruled(entry: ModelEntry, definition: QualificationModel) -> RuledModel:
    return RuledModel(
        definition=definition,
        version=entry.version,
        live=entry.status == "live",
        published_revision=entry.published_revision,
        publish_command_id=entry.publish_command_id,
        publish_command_offset=entry.publish_command_offset,
        published_at=entry.published_at,
        shadow=RuledModel(definition=entry.draft, version=0, live=False) if entry.shadow and entry.draft else None,
    )
