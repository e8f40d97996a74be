"""The headers of a dead letter, as the schemas describe them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import EMITTED

_Number = Annotated[str, Field(pattern="^[0-9]+$")]


@with_config(EMITTED)
class DeadLetterHeaders(TypedDict):
    """Headers of a dead letter, added to those of the original record.

    Key and value are the original bytes; null stays null.

    A header name that some clients cannot read (not UTF-8, or with a NUL byte) is escaped: `dl_header_` followed by the
    name's bytes in percent-encoding, such as `dl_header_x-%FF`. The header keeps its position and value. If a whole
    batch is unreadable (compression, checksum, format), it becomes one dead letter whose value is the batch's bytes.
    """

    dl_topic: Annotated[str, Field(description="Topic of the original record, as the broker names it.")]
    dl_partition: Annotated[_Number, Field(description="Partition of the original record.")]
    dl_offset: Annotated[_Number, Field(description="Offset of the original record.")]
    dl_reason: Annotated[
        str, Field(description="Why the record could not be handled, for people. Contains no data of the record.")
    ]
