"""What an event changes on the lead's row in Dataverse, and which row that is."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.consumer import Event, PermanentFailure
from lead_qualifier.qualification.flags import FLAGS, FlagValue

_GUID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_OWNERS = {"seller": "systemusers", "team": "teams"}
OWNER = "ownerid@odata.bind"
"""The row's owner in a request; answers call it `_ownerid_value`."""
STATUS_REASONS = {
    "new": 1,
    "contacted": 2,
    "qualified": 3,
    "lost": 4,
    "cannot_contact": 5,
    "no_longer_interested": 6,
    "canceled": 7,
}
"""Values of the column statuscode in a new Dataverse environment."""
MARKETING_QUALIFIED = 823270000
"""The value of statuscode for Marketing Qualified in a new Dynamics 365 environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How a lead's fields are stored in this Dataverse."""

    columns: MappingOf[str, str]
    """Column by flag."""
    status_reasons: MappingOf[str, int]
    """The value of each status reason that is known."""
    lead_key: str | None = None
    """The alternate key that holds our lead ids; None if lead ids are the ids of the rows."""

    def stored(self, value: FlagValue) -> bool | int | None:
        """The value of a flag in its column; None: unknown."""
        return value if isinstance(value, bool) else self.status_reasons.get(value)


def row_of(lead_id: str, mapping: Mapping) -> str:
    """The row's path in a URL, encoded. Raises PermanentFailure."""
    if mapping.lead_key is not None:
        text = lead_id.replace("'", "''")
        return f"leads({mapping.lead_key}='{quote(text, safe='')}')"
    if not _GUID.fullmatch(lead_id):
        raise PermanentFailure("the lead's id is no GUID: set lead_key to the alternate key that holds our ids")
    return f"leads({lead_id.lower()})"


def changes_of(event: Event, mapping: Mapping) -> dict[str, Any]:
    """Columns and their new values; empty if there is nothing to change. Raises PermanentFailure."""
    if event.tombstone:
        return {}
    if event.topic == "lead-assigned":
        if _by_hand(event.data.get("result")) or "owner_departed" in event.data:
            return {}
        return _owner(event.data.get("owner"))
    changes = event.data.get("changes")
    if not isinstance(changes, dict):
        raise PermanentFailure("the event has no changes")
    row: dict[str, Any] = {}
    for flag in FLAGS:
        if flag.name not in changes:
            continue
        expected = flag.initial if event.topic == "lead-recycled" else flag.qualified
        change = changes[flag.name]
        to = change.get("to") if isinstance(change, dict) else None
        if type(to) is not type(expected) or to != expected:
            raise PermanentFailure(f"changes.{flag.name}.to is not {expected}")
        value = mapping.stored(expected)
        if value is None:
            raise PermanentFailure(
                f"the value of the status reason {expected} is unknown: name it in status_reasons of the file"
            )
        row[mapping.columns[flag.name]] = value
    return row


def changed_since(event: Event, row: MappingOf[str, Any], mapping: Mapping) -> frozenset[str]:
    """Columns that somebody has changed since the decision: they no longer hold what the event says it was based on.

    `row`: the columns as Dataverse returns them. A column counts as unchanged if the event does not say what it held,
    and so does a status reason whose value is unknown, unless the row holds another known value.
    """
    if event.topic == "lead-assigned":
        previous, held = event.data.get("previous_owner_id"), row.get("_ownerid_value")
        changed = isinstance(previous, str) and isinstance(held, str) and held.lower() != previous.lower()
        return frozenset({OWNER} if changed else ())
    changes = event.data.get("changes", {})
    columns = {flag.name: mapping.columns[flag.name] for flag in FLAGS if "from" in changes.get(flag.name, {})}
    return frozenset(
        column for name, column in columns.items() if _differs(row.get(column), changes[name]["from"], mapping)
    )


def _differs(held: object, decided_on: FlagValue, mapping: Mapping) -> bool:
    if isinstance(decided_on, bool):
        return bool(held) != decided_on
    expected = mapping.stored(decided_on)
    return held != expected if expected is not None else held in mapping.status_reasons.values()


def _by_hand(result: object) -> bool:
    """The CRM named the owner itself. Writing it back late would undo later changes there."""
    return isinstance(result, dict) and result.get("code") == AssignmentResult.ASSIGNED_MANUALLY


def _owner(owner: object) -> dict[str, Any]:
    """A queue cannot own a row in Dataverse: it holds an item that names the lead, which we do not create."""
    if owner is None:
        return {}
    if not isinstance(owner, dict):
        raise PermanentFailure("owner is not an object")
    if owner.get("kind") == "queue":
        return {}
    table = _OWNERS.get(str(owner.get("kind")))
    owner_id = owner.get("id")
    if table is None:
        raise PermanentFailure("owner.kind is none of seller, team, queue")
    if not isinstance(owner_id, str) or not _GUID.fullmatch(owner_id):
        raise PermanentFailure("the owner's id is no GUID: give sellers and teams the ids of their rows in Dataverse")
    return {OWNER: f"/{table}({owner_id.lower()})"}
