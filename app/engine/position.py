"""The position record: where a partition's state stands, kept beside the state in its changelog and changed in the same
transaction.
"""

from __future__ import annotations

import msgspec

#: Not valid UTF-8, so that no key of an input record (a non-empty JSON string) can ever be equal.
POSITION_KEY = b"\xffposition"
FORMAT = 1
#: `swept` of a partition that holds nothing yet: whatever the rules are when its first record is decided, there was
#: nobody to look at.
NEVER_SWEPT = -1


class UnknownFormat(RuntimeError):
    """The position was written by a newer version of this program."""


class Sweep(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an unfinished walk over the known keys has come."""

    revision: int  # of the rules that asked for it
    bucket: int  # the next one to walk


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that must move together with the state of one partition."""

    application: str  # the consumer group that this state belongs to
    next: dict[str, int]  # input topic -> offset of the next record to decide; a topic that is absent was never read
    format: int = FORMAT
    revision: int = 0  # highest revision of rules that took part in a decision
    swept: int = 0  # revision whose walk over the known keys is finished
    sweep: Sweep | None = None
    clock: int = 0  # milliseconds since 1970 UTC: no decision is made at an earlier time


_decoder = msgspec.json.Decoder(Position)


def encode(position: Position) -> bytes:
    """As it is written to the changelog, under POSITION_KEY."""
    return msgspec.json.encode(position)


def decode(value: bytes) -> Position:
    """Raises UnknownFormat, or msgspec.DecodeError for bytes that are no position."""
    position = _decoder.decode(value)
    if position.format > FORMAT:
        raise UnknownFormat(
            f"the state was written in format {position.format}, this version knows up to {FORMAT}: "
            "run the version that wrote it, or a newer one"
        )
    return position
