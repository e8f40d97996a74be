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
    """A qualification model through its life. It is kept when deleted, so that its versions go on rising.

    `version` is the newest published one (0: none) and `published` its definition; `draft` is what the next publish
    takes, absent if that would be `published` again. A live one may hold a draft too, beside what runs; `shadow` lets
    that run along and count what it would do. `revision` is that of the last change.
    """

    id: str
    revision: int
    status: ModelStatus
    version: int = 0
    draft: QualificationModel | None = None
    published: QualificationModel | None = None
    published_revision: int = 0
    publish_command_id: str | None = None
    publish_command_offset: int = 0
    published_at: Moment | None = None
    published_by: str | None = None
    changed_at: Moment | None = None
    changed_by: str | None = None
    shadow: bool = False

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return model_key(self.id)

    @property
    def definition(self) -> QualificationModel | None:
        """What runs if it is live, else what the next publish lets run; None once deleted."""
        return self.published if self.status == "live" else self.draft or self.published


class ScoringModelEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="scoring"):
    """What a scoring engine last said of one of its models, and when that was so. `maximum`: no score is above it."""

    id: str
    revision: int
    status: ScoringModelStatus
    occurred_at: Moment
    name: str | None = None
    maximum: float | None = None

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return scoring_key(self.id)


class FeatureEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="feature"):
    """A feature switch and who moved it last."""

    name: str
    revision: int
    enabled: bool
    changed_at: Moment | None = None
    changed_by: str | None = None

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return feature_key(self.name)


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command was answered."""

    command_id: str
    accepted: bool
    code: str
    message: str
    warnings: tuple[str, ...] = ()
    version: int = 0
    revision: int = 0


class Answers(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answers"):
    """The last commands on one entry and what they were answered, so that repeating one changes nothing.

    The command decider's own: workers need none of it.
    """

    target: str
    answers: tuple[Answer, ...] = ()

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
