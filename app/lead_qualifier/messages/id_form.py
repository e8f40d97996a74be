"""The normal form of ids: records whose ids are in another form are refused, never rewritten."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum

from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.reasons import fault_of_field
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import IN_ENGLISH


class IdNormalisation(StrEnum):
    """Which form the ids of leads and people must have."""

    NONE = "none"
    GUID = "guid"
    NFC = "nfc"


#: The ids of a lead: they must have the form. In another form they would be another lead.
_LEAD_IDS = ("lead_id", "survivor_id")
#: Ids of other rows of the CRM. With `guid` only those that are GUIDs must have the form: a seller's may be an address.
_OTHER_IDS = ("contact_id", "owner_id", "seller_id")

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GUID_IN_ANY_FORM = re.compile(
    r"[({]?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}[)}]?", re.IGNORECASE | re.ASCII
)


def _guid_fault(text: str) -> Finding | None:
    if _GUID.fullmatch(text):
        return None
    if not _GUID_IN_ANY_FORM.fullmatch(text):
        found = Finding("kind_no_guid")
    elif text.startswith(("{", "(")) or text.endswith(("}", ")")):
        found = Finding("kind_guid_in_braces")
    elif text.lower() != text:
        found = Finding("kind_capital_letters")
    else:
        found = Finding("kind_guid_without_hyphens")
    return Finding("must_be_guid", found=found)


def _other_guid_fault(text: str) -> Finding | None:
    return _guid_fault(text) if _GUID_IN_ANY_FORM.fullmatch(text) else None


def _nfc_fault(text: str) -> Finding | None:
    return None if unicodedata.is_normalized("NFC", text) else Finding("must_be_nfc")


_Fault = Callable[[str], Finding | None]
_FORMS: dict[IdNormalisation, tuple[_Fault, _Fault]] = {
    IdNormalisation.GUID: (_guid_fault, _other_guid_fault),
    IdNormalisation.NFC: (_nfc_fault, _nfc_fault),
}


class IdForm:
    """One normal form of ids."""

    def __init__(self, normalisation: IdNormalisation) -> None:
        """`normalisation`: not `none`."""
        lead_fault, other_fault = _FORMS[normalisation]
        self._normalisation = normalisation
        self._faults = {**dict.fromkeys(_LEAD_IDS, lead_fault), **dict.fromkeys(_OTHER_IDS, other_fault)}

    def fault(self, field: str, text: str) -> str | None:
        """What is wrong with the form of the id in the field, as the end of a sentence that starts with its name.

        In English. None: nothing, or the field is not one whose form is known.
        """
        found = self._find(field, text)
        return None if found is None else IN_ENGLISH.sentence(found)

    def check(self, field: str, text: str) -> None:
        """Raises BadMessage if the id in the field is not in its normal form."""
        if (found := self._find(field, text)) is not None:
            raise BadMessage(fault_of_field(field, found), field, BadMessageClass.ID_FORM)

    def _find(self, field: str, text: str) -> Finding | None:
        fault_of = self._faults.get(field)
        if fault_of is None or (found := fault_of(text)) is None:
            return None
        return Finding("id_form", fault=found, setting=str(self._normalisation))

    def check_all(self, message: Mapping[str, object]) -> None:
        """The same for every id in a message."""
        for field in self._faults:
            if isinstance(text := message.get(field), str):
                self.check(field, text)


def require_id_form(normalisation: IdNormalisation) -> None:
    """Set the form that ids must have, for the whole process.

    An id means the same to everything in a process, so this is not a parameter of each function.
    """
    global required  # noqa: PLW0603  as above
    required = None if normalisation is IdNormalisation.NONE else IdForm(normalisation)


required: IdForm | None = None
"""The form that ids must have; None: any. A variable, not a function, because every record asks for it."""
