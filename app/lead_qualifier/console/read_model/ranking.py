"""When a lead was last qualified, and its rank by that in lists: the newest qualified first."""

from __future__ import annotations

from datetime import datetime

from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.utc import to_milliseconds

NEVER = 0
"""The rank of a lead that no model has qualified; the others are less."""


def last_qualified(lead: Lead) -> datetime | None:
    """When a model last qualified the lead; None if none has. `Lead.qualified_at` moves with a rejection, too."""
    return max((mark.at for mark in lead.marks.values()), default=None)


def rank_of(lead: Lead) -> int:
    """Minus the milliseconds of the newest qualification: in ascending order, the newest come first."""
    at = last_qualified(lead)
    return NEVER if at is None else -max(1, to_milliseconds(at))
