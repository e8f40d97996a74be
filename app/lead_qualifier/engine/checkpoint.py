"""The checkpoint: how far a partition is processed, kept next to its state in the changelog and written in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lead_qualifier.engine.errors import UnknownFormat

#: Not valid UTF-8, so that no key of an input record (a non-empty JSON string) can ever be equal.
CHECKPOINT_KEY = b"\xffposition"
#: Of the checkpoint and of the state beside it. It rises with a change that an older version would get wrong. A field
#: that an older version may overlook, and lose when it writes the same key, is added without: it ignores what it does
#: not know.
FORMAT = 1
_FIRST_FORMAT = 1  # of a checkpoint that does not say
#: `swept` of a partition that holds nothing yet: whatever the rules are when its first record is processed, there was
#: no key to sweep.
NEVER_SWEPT = -1


class Sweep(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an unfinished sweep over the known keys has come."""

    revision: int  # of the rules that require it
    bucket: int  # the next one to sweep


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that must move together with the state of one partition."""

    application: str  # the consumer group that this state belongs to
    next: dict[str, int]  # input topic -> offset of the next record to process; a topic that is absent was never read
    #: `encode` writes that of this version. A factory is never left out when written, as a default would be.
    format: int = msgspec.field(default_factory=lambda: _FIRST_FORMAT)
    revision: int = 0  # highest revision of rules that took part in a decision
    swept: int = 0  # revision of the rules whose sweep is finished
    sweep: Sweep | None = None
    #: Full topic name -> id, of the inputs and the changelog: a topic of the same name may be another. An older version
    #: wrote none, and a broker may have none to give.
    topic_ids: dict[str, str] = {}
    #: Input topic -> the offset to which its consumer was set back without a seek of ours: `next` means records that
    #: the topic no longer has, also once its end has come past it again.
    set_back: dict[str, int] = {}
    clock: int = 0  # milliseconds since 1970 UTC: no record is processed at an earlier time


def swept_revision(checkpoint: Checkpoint, revision: int) -> int:
    """The revision up to which all known keys are swept; `revision`: of today's rules."""
    return revision if checkpoint.swept == NEVER_SWEPT else checkpoint.swept


def other_topics(checkpoint: Checkpoint, ids: Mapping[str, str]) -> list[str]:
    """The topics of a checkpoint that were created again since; `ids`: those of the topics that exist."""
    return [topic for topic, known in checkpoint.topic_ids.items() if ids.get(topic, known) != known]


class _Format(msgspec.Struct):
    format: int = _FIRST_FORMAT


_decoder = msgspec.json.Decoder(Checkpoint)


def encode(checkpoint: Checkpoint) -> bytes:
    """As it is written to the changelog, under CHECKPOINT_KEY, in the format of this version."""
    return msgspec.json.encode(msgspec.structs.replace(checkpoint, format=FORMAT))


def decode(value: bytes) -> Checkpoint:
    """Raises UnknownFormat, or msgspec.DecodeError for bytes that are no checkpoint."""
    try:
        checkpoint = _decoder.decode(value)
    except msgspec.ValidationError:
        _check_format(msgspec.json.decode(value, type=_Format).format)  # a newer one may look different altogether
        raise
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    _check_format(checkpoint.format)
    return checkpoint


def _check_format(written: int) -> None:
    if written > FORMAT:
        raise UnknownFormat(
            f"the state was written in format {written}, this version knows up to {FORMAT}: "
            "run the version that wrote it, or a newer one"
        )
