"""What something that is emitted goes back to."""

from __future__ import annotations

from msgspec import Struct

from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment


class Cause(Struct, frozen=True):
    """The record that something is decided on, and when that which it tells of occurred."""

    occurred_at: Moment
    trigger: Trigger
