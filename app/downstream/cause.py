"""What something that is emitted goes back to."""

from __future__ import annotations

from msgspec import Struct

from app.qualification.leads import Trigger
from app.qualification.utc import Moment


class Cause(Struct, frozen=True):
    """The record that something is decided on, and when that which it tells of occurred."""

    occurred_at: Moment
    trigger: Trigger
