"""The position record: where a partition's state stands, kept beside the state in its changelog and changed in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

#: Not valid UTF-8, so that no key of an input record (a non-empty JSON string) can ever be equal.
CHECKPOINT_KEY = b"\xffposition"
#: Of the position and of the state beside it. It rises with a change that an older version would get wrong. A field
#: that an older version may overlook, and lose when it writes the same key, is added without: it ignores what it does
#: not know.
FORMAT = 1
_FIRST_FORMAT = 1  # of a position that does not say
#: `swept` of a partition that holds nothing yet: whatever the rules are when its first record is decided, there was
#: nobody to look at.
NEVER_SWEPT = -1


class UnknownFormat(RuntimeError):
    """The position was written by a newer version of this program."""


class Sweep(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an unfinished walk over the known keys has come."""

    revision: int  # of the rules that asked for it
    bucket: int  # the next one to walk


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that must move together with the state of one partition."""

    application: str  # the consumer group that this state belongs to
    next: dict[str, int]  # input topic -> offset of the next record to decide; a topic that is absent was never read
    #: `encode` writes that of this version. A factory is never left out when written, as a default would be.
    format: int = msgspec.field(default_factory=lambda: _FIRST_FORMAT)
    revision: int = 0  # highest revision of rules that took part in a decision
    swept: int = 0  # revision whose walk over the known keys is finished
    sweep: Sweep | None = None
    #: Full topic name -> id, of the inputs and the changelog: a topic of the same name may be another. An older version
    #: wrote none, and a broker may have none to give.
    topic_ids: dict[str, str] = {}
    #: Input topic -> the offset to which its consumer was set back although nobody asked it to: `next` means records
    #: that the topic no longer has, also once its end has come past it again.
    set_back: dict[str, int] = {}
    clock: int = 0  # milliseconds since 1970 UTC: no decision is made at an earlier time


def other_topics(position: Checkpoint, ids: Mapping[str, str]) -> list[str]:
    """The topics of a position whose names other topics have by now, given the ids of those that there are."""
    return [topic for topic, known in position.topic_ids.items() if ids.get(topic, known) != known]


class _Format(msgspec.Struct):
    format: int = _FIRST_FORMAT


_decoder = msgspec.json.Decoder(Checkpoint)


def encode(position: Checkpoint) -> bytes:
    """As it is written to the changelog, under POSITION_KEY, in the format of this version."""
    return msgspec.json.encode(msgspec.structs.replace(position, format=FORMAT))


def decode(value: bytes) -> Checkpoint:
    """Raises UnknownFormat, or msgspec.DecodeError for bytes that are no position."""
    try:
        position = _decoder.decode(value)
    except msgspec.ValidationError:
        _check_format(msgspec.json.decode(value, type=_Format).format)  # a newer one may look different altogether
        raise
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    _check_format(position.format)
    return position


def _check_format(written: int) -> None:
    if written > FORMAT:
        raise UnknownFormat(
            f"the state was written in format {written}, this version knows up to {FORMAT}: "
            "run the version that wrote it, or a newer one"
        )
