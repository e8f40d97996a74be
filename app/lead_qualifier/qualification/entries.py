"""What is kept about models, scoring models and the feature switch: one record each, as stored and sent to workers."""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.utc import Moment

ModelStatus = Literal["draft", "live", "stopped", "deleted"]
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


class ModelEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="model"):
    """The current state of a qualification model. A deleted model is kept, so that its versions keep rising."""

    id: str
    """The model's id."""
    revision: int
    """Revision of the last change. Revisions are numbered across all models, scoring models and features."""
    status: ModelStatus
    """Only a live model qualifies leads."""
    version: int = 0
    """The newest published version."""
    draft: QualificationModel | None = None
    """The definition that the next publish makes live. Absent: `published` again. A live model may have a draft too."""
    published: QualificationModel | None = None
    """The definition of `version`: what runs while the model is live."""
    published_revision: int = 0
    """The revision that published `version`."""
    publish_command_id: str | None = None
    """`command_id` of the command that published `version`."""
    publish_command_offset: int = 0
    """Offset of that command in `qualification-commands`."""
    published_at: Moment | None = None
    """`issued_at` of that command."""
    published_by: str | None = None
    """Who issued that command."""
    changed_at: Moment | None = None
    """`issued_at` of the command that made the last change."""
    changed_by: str | None = None
    """Who issued that command."""
    shadow: bool = False
    """Whether workers count what the draft of a live model would do."""

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return model_key(self.id)

    @property
    def definition(self) -> QualificationModel | None:
        """What runs if it is live, else what the next publish lets run; None once deleted."""
        return self.published if self.status == "live" else self.draft or self.published


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


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of a command."""

    command_id: str
    """The command's id."""
    accepted: bool
    """Whether the command was accepted."""
    code: str
    """Why, for programs."""
    message: str
    """Why, for people."""
    warnings: tuple[str, ...] = ()
    """What to know although the command was accepted."""
    version: int = 0
    """The newest published version after the command."""
    revision: int = 0
    """The revision after the command."""


class Answers(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answers"):
    """The last commands on one entry and their outcomes: a repeated command gets the same outcome.

    Only the command processor needs them.
    """

    target: str
    """Key of the entry."""
    answers: tuple[Answer, ...] = ()
    """The outcomes, oldest first."""

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return answers_key(self.target)


def answers_key(target: str) -> str:
    """Where the answers to commands on the entry of key `target` are kept."""
    return f"answers/{target}"


Entry = ModelEntry | ScoringModelEntry | FeatureEntry
Stored = Entry | Answers

_REVISION = re.compile(rb'"(?:published_)?revision":\s*(\d{1,15})(?!\d)')

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Stored] = msgspec.json.Decoder(Stored)


def encode_entry(entry: Stored) -> bytes:
    """The JSON of an entry; its `kind` says which one it is."""
    return _encoder.encode(entry)


def decode_entry(value: bytes) -> Stored:
    """The entry of its JSON. Raises msgspec.ValidationError, or msgspec.DecodeError where it is no JSON."""
    return _decoder.decode(value)


def highest_revision_in(values: Iterable[bytes | None]) -> int:
    """The highest revision named in stored entries that cannot be read, 0 if there is none: it is not given again."""
    return max((int(found) for value in values for found in _REVISION.findall(value or b"")), default=0)
