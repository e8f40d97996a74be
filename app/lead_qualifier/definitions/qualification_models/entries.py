"""What is kept about models, scoring models and the feature switch: one record each, as stored and sent to workers."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct
from typing_extensions import override

from lead_qualifier.definitions.entries import DefinitionEntry, readable
from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.utc import Moment

ScoringModelStatus = Literal["draft", "live", "stopped"]

LEAD_MANAGEMENT = "lead-management"
"""The feature switch without which nothing qualifies."""


def model_key(model_id: str) -> str:
    """Where the entry of a qualification model is kept."""
    return f"model/{model_id}"


def scoring_key(scoring_model_id: str) -> str:
    """Where the entry of a scoring model is kept."""
    return f"scoring/{scoring_model_id}"


def feature_key(name: str) -> str:
    """Where the entry of a feature switch is kept."""
    return f"feature/{name}"


class ModelEntry(
    DefinitionEntry[QualificationModel], frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="model"
):
    """The current state of a qualification model. A deleted model is kept, so that its versions keep rising."""

    publish_command_id: str | None = None
    """`command_id` of the command that published `version`."""
    publish_command_offset: int = 0
    """Offset of that command in `qualification-commands`."""
    shadow: bool = False
    """Whether workers count what the draft of a live model would do."""

    @override
    @property
    def key(self) -> str:
        """The key it is stored under."""
        return model_key(self.id)


class ScoringModelEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="scoring"):
    """The current state of a scoring model, as its scoring engine reported it."""

    id: str
    """The scoring model's id."""
    revision: int
    """Revision of the last change. Revisions are numbered across all models, scoring models and features."""
    status: ScoringModelStatus
    """Only scores of a live scoring model count."""
    occurred_at: Moment
    """When this state began."""
    name: str | None = None
    """Display name."""
    maximum: float | None = None
    """The highest possible score."""

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return scoring_key(self.id)


class FeatureEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="feature"):
    """The current state of a feature. A feature without a record is off."""

    name: str
    """The feature's name."""
    revision: int
    """Revision of the last change. Revisions are numbered across all models, scoring models and features."""
    enabled: bool
    """Whether the feature is on."""
    changed_at: Moment | None = None
    """When it was last turned on or off."""
    changed_by: str | None = None
    """Who turned it on or off."""

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return feature_key(self.name)


class ProcessedCommands(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answers"):
    """The last commands on one entry and their outcomes: a repeated command gets the same outcome.

    Only the command processor needs them.
    """

    target: str
    """Key of the entry."""
    answers: tuple[ProcessedCommand, ...] = ()
    """The outcomes, oldest first."""

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return processed_key(self.target)


def processed_key(target: str) -> str:
    """Where the processed commands on the entry of key `target` are kept."""
    return f"answers/{target}"


Entry = ModelEntry | ScoringModelEntry | FeatureEntry
Stored = Entry | ProcessedCommands

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Stored] = msgspec.json.Decoder(Stored)


def encode_stored(stored: Stored) -> bytes:
    """The JSON of a record; its `kind` says which one it is."""
    return _encoder.encode(stored)


def decode_stored(value: bytes) -> Stored:
    """The record of its JSON. Raises msgspec.ValidationError, or msgspec.DecodeError where it is no JSON."""
    return _decoder.decode(value)


def decode_entry(value: bytes) -> Entry | None:
    """The same, and None for what only the command processor needs."""
    stored = _decoder.decode(value)
    return None if isinstance(stored, ProcessedCommands) else stored


def entries_of(stored: Mapping[bytes, bytes]) -> list[Entry]:
    """The entries that are stored, decoded; the engine reports those that cannot be read."""
    return [entry for entry in readable(stored, decode_entry) if entry is not None]
