"""A lead's own fields, besides its attributes, and the values that they can have."""

from typing import Literal, get_args

Status = Literal["open", "qualified", "disqualified"]
StatusReason = Literal[
    "new",
    "contacted",
    "qualified",
    "lost",
    "cannot_contact",
    "no_longer_interested",
    "canceled",
    "marketing_qualified",
]
OPEN = "open"
QUALIFIED = "qualified"

LeadField = Literal["status", "status_reason", "sales_ready", "owner_id", "contact_id"]
LEAD_FIELDS: tuple[str, ...] = get_args(LeadField)
FIELD_VALUES: dict[str, tuple[str | bool, ...]] = {
    "status": get_args(Status),
    "status_reason": get_args(StatusReason),
    "sales_ready": (True, False),
}
"""The possible values of the fields where they are known; such a field always has one of them."""


def is_value_of(field: str, value: object) -> bool:
    """Whether a field whose values are known can have this one. The number 1 is not `true`."""
    return any(type(value) is type(one) and value == one for one in FIELD_VALUES[field])
