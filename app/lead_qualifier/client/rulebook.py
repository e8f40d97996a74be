"""Reads the current models, scoring models and features from `qualification-models`."""

from __future__ import annotations

from functools import cached_property

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.definitions.entries import newest_by_key
from lead_qualifier.definitions.qualification_models.entries import (
    LEAD_MANAGEMENT,
    Entry,
    FeatureEntry,
    ModelEntry,
    ScoringModelEntry,
    decode_entry,
    feature_key,
    model_key,
    scoring_key,
)
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import QUALIFICATION_MODELS
from lead_qualifier.qualification.rules import Rules, UnknownLeads


class Rulebook:
    """The current entries, each in its highest revision."""

    def __init__(self, entries: dict[str, Entry], unknown_leads: UnknownLeads = "open") -> None:
        self._entries = entries
        self._unknown_leads = unknown_leads

    @property
    def models(self) -> list[ModelEntry]:
        """Every model that is not deleted, by id."""
        found = [entry for entry in self._entries.values() if isinstance(entry, ModelEntry)]
        return sorted((entry for entry in found if entry.status != "deleted"), key=lambda entry: entry.id)

    @property
    def scoring_models(self) -> list[ScoringModelEntry]:
        """Every announced scoring model, by id."""
        found = [entry for entry in self._entries.values() if isinstance(entry, ScoringModelEntry)]
        return sorted(found, key=lambda entry: entry.id)

    @property
    def lead_management(self) -> bool:
        """Whether lead management is on."""
        entry = self.feature(LEAD_MANAGEMENT)
        return entry is not None and entry.enabled

    def model(self, model_id: str) -> ModelEntry | None:
        """A model, even if it is deleted; None if there never was one."""
        entry = self._entries.get(model_key(model_id))
        return entry if isinstance(entry, ModelEntry) else None

    def scoring_model(self, scoring_model_id: str) -> ScoringModelEntry | None:
        """A scoring model; None if it was never announced."""
        entry = self._entries.get(scoring_key(scoring_model_id))
        return entry if isinstance(entry, ScoringModelEntry) else None

    def feature(self, name: str) -> FeatureEntry | None:
        """A feature; None if it was never turned on or off."""
        entry = self._entries.get(feature_key(name))
        return entry if isinstance(entry, FeatureEntry) else None

    @cached_property
    def rules(self) -> Rules:
        """The rules that workers decide by."""
        return rules_from(self._entries, self._unknown_leads)

    def degraded(self, entry: ModelEntry) -> list[str]:
        """The scoring models of a live model that are not live."""
        return list(self.rules.degraded(self.rules.models[entry.id])) if entry.status == "live" else []


def read_rulebook(connection: Connection, *, topic_prefix: str, unknown_leads: UnknownLeads = "open") -> Rulebook:
    """Read the topic to its end. `unknown_leads`: the workers' setting.

    Raises TopicMissing, ReadIncomplete, NotAllowed, KafkaException.
    """
    records = TopicReader(connection).read_topic(QUALIFICATION_MODELS.full_name(topic_prefix))
    entries = (decode_or_none(decode_entry, record.value) for record in records)
    return Rulebook(newest_by_key(entry for entry in entries if entry is not None), unknown_leads)
