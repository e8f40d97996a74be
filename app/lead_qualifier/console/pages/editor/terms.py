"""What the editor calls operators and fields of conditions."""

from __future__ import annotations

from lead_qualifier.console.pages.terms import marked as _

OPERATOR_TERMS: dict[str, str] = {
    "equals": _("is"),
    "not_equals": _("is not"),
    "one_of": _("is one of"),
    "none_of": _("is none of"),
    "at_least": _("is at least"),
    "at_most": _("is at most"),
    "above": _("is more than"),
    "below": _("is less than"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "is_set": _("is set"),
    "is_not_set": _("is not set"),
}
FIELD_TERMS: dict[str, str] = {
    "status": _("Status"),
    "status_reason": _("Status reason"),
    "sales_ready": _("Sales ready"),
    "owner_id": _("Owner (id)"),
    "contact_id": _("Contact (id)"),
}
