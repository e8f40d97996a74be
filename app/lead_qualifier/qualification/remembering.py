"""Which answers to commands are remembered, so that repeating one changes nothing: the newest, within some bytes."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from lead_qualifier.qualification.entries import Answer
from lead_qualifier.qualification.findings import cut

#: All answers that are remembered of one entry take so many bytes at most; a record of ours holds a megabyte and more.
MOST_BYTES = 192 * 1024
#: The newest are remembered word for word, up to this: a command is repeated soon if at all.
WORD_FOR_WORD_BYTES = 64 * 1024
#: So many characters of an older answer's message are kept, and none of its warnings.
_GIST = 200

_encode = msgspec.json.Encoder().encode


def remembered(answers: Sequence[Answer], newest: Answer, *, most: int) -> tuple[Answer, ...]:
    """`answers` and the `newest`, the oldest first; `most` of them at most.

    What takes too many bytes is shortened, then forgotten; a repeat of a forgotten command is decided anew.
    """
    kept: list[Answer] = []
    taken = 0
    for answer in (newest, *reversed(answers)):
        size = len(_encode(answer))
        if taken + size > WORD_FOR_WORD_BYTES:
            answer = replace(answer, message=cut(answer.message, _GIST), warnings=())  # noqa: PLW2901  its short form
            size = len(_encode(answer))
        if taken + size <= MOST_BYTES:
            kept.append(answer)
            taken += size
        if len(kept) == most:
            break
    return tuple(reversed(kept))
