"""Approval by a second person: the last author of a definition cannot publish it."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.console.access.people import subject_in
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.audit_trail import TrailReader

#: How many outcomes about a definition are looked at for its last `apply`.
_LOOKED_AT = 500
#: How long (seconds) to wait for the outcome of what is to be published.
_WAIT_SECONDS = 5.0


class NeedsSecondPerson(ApiError):
    """The person wrote what they would publish, or nobody knows who did."""

    status = HTTPStatus.FORBIDDEN
    code = "needs_second_person"


class Approval:
    """Asks the audit trail who wrote what is to be published."""

    def __init__(self, trails: TrailReader) -> None:
        self._trails = trails

    def check(self, kind: str, definition_id: str, issued_by: str, expected_revision: int | None) -> int | None:
        """The revision to expect at the publish: what is checked here is what becomes live.

        `kind`: as the command line calls it. Raises NeedsSecondPerson; SQLAlchemyError.
        """
        until = time.monotonic() + _WAIT_SECONDS
        told = self._told(kind, definition_id)
        while expected_revision is not None and _revision(told) < expected_revision and time.monotonic() < until:
            time.sleep(0.05)
            told = self._told(kind, definition_id)
        revision = _revision(told)
        if not revision:
            if expected_revision:
                raise NeedsSecondPerson(
                    "The audit trail does not say yet who wrote this: try again once the console is up to date."
                )
            return 0  # the service refuses: as unknown if there is none, as stale if the trail is behind
        if expected_revision is not None and expected_revision < revision:
            return expected_revision  # it is stale: the service says so
        author = _author(told)
        if author is None or (expected_revision is not None and expected_revision > revision):
            raise NeedsSecondPerson(
                "The audit trail does not say who wrote this: let somebody apply it again, and another publish it."
            )
        if subject_in(author) == subject_in(issued_by):
            raise NeedsSecondPerson("You wrote this: somebody else has to publish it (LEAD_QUALIFIER_APPROVAL).")
        return revision

    def _told(self, kind: str, definition_id: str) -> list[dict[str, Any]]:
        """What was accepted and changed it, the newest first."""
        told: list[dict[str, Any]] = []
        before = None
        while len(told) < _LOOKED_AT:  # repeated commands are not counted: enough of them would hide the last `apply`
            found = self._trails.newest(
                kind=kind, subject=definition_id, accepted=True, before=before, limit=_LOOKED_AT
            )
            events = (decode_event(one.value) for one in found)
            told += [one for one in events if one is not None and not one.get("repeated")]
            if len(found) < _LOOKED_AT:
                break
            before = found[-1].position
        return told


def _author(told: list[dict[str, Any]]) -> str | None:
    """Who applied it last. An apply that changed nothing counts only if no other is known."""
    applied = [one for one in told if one.get("command") == "apply" and "issued_by" in one]
    changed = [one for one in applied if one.get("reason") != "unchanged"]
    return next((str(one["issued_by"]) for one in [*changed, *applied]), None)


def _revision(told: list[dict[str, Any]]) -> int:
    """The newest; 0 if nothing is known."""
    return int(told[0].get("revision", 0)) if told else 0
