"""The memory of processed commands, so that repeating one changes nothing: the newest, within some bytes."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.wording.shortening import cut

MOST_COMMANDS = 1000
"""So many commands on one entry are remembered at most: more than it is given in the week that its topic keeps them."""
MOST_BYTES = 192 * 1024
"""How many bytes they take at most, of the megabyte that a record of ours holds."""
_WORD_FOR_WORD_BYTES = 64 * 1024
"""So many bytes of the newest are remembered word for word: a command is repeated soon, if at all."""
_GIST = 200
"""So many characters of an older result's message are kept, and none of its warnings."""

_encode = msgspec.json.Encoder().encode


class ProcessedCommand(Struct, frozen=True, kw_only=True, omit_defaults=True):
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


def remembered(processed: Sequence[ProcessedCommand], newest: ProcessedCommand) -> tuple[ProcessedCommand, ...]:
    """Those before and the `newest`, the oldest first.

    What takes too many bytes is shortened, then forgotten; a repeat of a forgotten command is decided again.
    """
    kept: list[ProcessedCommand] = []
    taken = 0
    for one in (newest, *reversed(processed)):
        size = len(_encode(one))
        if taken + size > _WORD_FOR_WORD_BYTES:
            one = replace(one, message=cut(one.message, _GIST), warnings=())  # noqa: PLW2901  its short form
            size = len(_encode(one))
        if taken + size <= MOST_BYTES:
            kept.append(one)
            taken += size
        if len(kept) == MOST_COMMANDS:
            break
    return tuple(reversed(kept))
