"""How CRMs title their columns and call their values, in English and German."""

from __future__ import annotations

import re
from collections.abc import Mapping

DATES = (
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%b %d, %Y %I:%M %p",
)
"""How dates are written, where it is not ISO 8601. The first form that reads every value counts."""
NO_VALUE = ("Select", "N/A", "n/a", "NA", "NaN", "null", "NULL", "None", "(none)", "--None--", "-", "--", "#N/A")
"""Texts that stand for an empty cell."""
TITLES: Mapping[str, tuple[str, ...]] = {
    "lead_id": ("lead id", "leadid", "lead number", "lead no", "prospect id", "record id", "recordid", "id", "lead"),
    "occurred_at": (
        "modified on", "last modified date", "last modified", "modified time", "modified at", "updated at",
        "changed at",
        "geändert am", "letzte änderung", "modifiedon", "lastmodifieddate",
    ),
    "status": ("status", "lead status", "state", "lead stage", "converted", "isconverted", "is converted", "statecode"),
    "status_reason": ("status reason", "statusgrund", "statuscode"),
    "sales_ready": ("sales ready", "salesready", "vertriebsbereit"),
    "owner_id": (
        "owner id", "ownerid", "lead owner id", "owner", "lead owner", "contact owner", "besitzer", "assigned to",
        "eigentümer", "lead eigentümer",
    ),
    "contact_id": ("contact id", "contactid", "kontakt id"),
}  # fmt: skip
"""Titles by field, in lower case without punctuation, the likeliest first."""
PERSONAL = re.compile(
    r"\b(e ?mail|phone|mobile|fax|telefon\w*|handy|(first|last|middle|full|vor|nach)? ?name|vorname|nachname|street|"
    r"straße|address|adresse|zip|postal code|postleitzahl|birth\w*|geburt\w*|salutation|anrede|skype|linkedin)\b"
)
"""Titles, in the same form, of personal data that no rule needs."""
SYSTEM = re.compile(r"^\((do not modify|nicht ändern)\)", re.IGNORECASE)
"""Titles of what the CRM exports for its own use."""
STATUS_WORDS: Mapping[str, tuple[str, ...]] = {
    "qualified": ("qualified", "converted", "won", "qualifiziert", "konvertiert", "customer", "closed converted"),
    "disqualified": (
        "disqualified", "unqualified", "lost", "junk", "dead", "canceled", "cancelled", "not interested", "rejected",
        "disqualifiziert", "nicht qualifiziert", "verloren", "closed not converted", "invalid", "spam",
    ),
    "open": ("open", "new", "contacted", "working", "nurturing", "offen", "neu", "kontaktiert", "in progress"),
}  # fmt: skip
"""What CRMs call each status."""
REASON_WORDS: Mapping[str, tuple[str, ...]] = {
    "new": ("new", "neu"),
    "contacted": ("contacted", "kontaktiert"),
    "qualified": ("qualified", "qualifiziert"),
    "lost": ("lost", "verloren"),
    "cannot_contact": ("cannot contact", "kontakt nicht möglich", "kann nicht kontaktiert werden"),
    "no_longer_interested": ("no longer interested", "nicht mehr interessiert", "kein interesse mehr"),
    "canceled": ("canceled", "cancelled", "abgebrochen", "storniert"),
    "marketing_qualified": ("marketing qualified", "marketing qualifiziert"),
}
"""What they call each status reason."""
