"""Qualifications, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.client.decoding import MALFORMED, decode_event
from lead_qualifier.client.evidence import changes_finding, criterion_finding
from lead_qualifier.client.leads import QUALIFIED_FIELDS
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.api.cursors import page_of, qualification_cursor_of, qualification_position_of
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.overview_forms import Qualification, QualificationList
from lead_qualifier.console.read_model.qualification_reader import HeldQualification, QualificationReader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.wording.sentences import Wording

MOST_QUALIFICATIONS = 200


class Qualifications:
    """What API and pages ask about qualifications."""

    def __init__(self, rules: RulesReader, qualifications: QualificationReader) -> None:
        self._rules = rules
        self._qualifications = qualifications

    def find(
        self,
        wording: Wording,
        *,
        model_id: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> QualificationList:
        """A page of qualifications by one model or all, written at `since` or later. Raises InvalidParameter."""
        before = None if cursor is None else qualification_position_of(cursor)
        found = self._qualifications.newest(model_id=model_id, since=since, before=before, limit=limit + 1)
        shown, more = page_of(found, limit, lambda one: qualification_cursor_of(one.position))
        listed = list(qualifications_of(shown, self._rules.rulebook(), wording))
        return QualificationList(qualifications=listed, next_cursor=more)


def qualifications_of(
    held: Iterable[HeldQualification], rulebook: Rulebook, wording: Wording
) -> Iterator[Qualification]:
    """Those in a form that others can read; events of another form than ours are left out."""
    for one in held:
        event = decode_event(one.event, QUALIFIED_FIELDS)
        if event is not None:
            try:
                yield _qualification(one, event, rulebook, wording)
            except MALFORMED:
                continue


def model_name(rulebook: Rulebook, model_id: str) -> str:
    """The model's name; its id if it has no definition any more."""
    entry = rulebook.model(model_id)
    return model_id if entry is None or entry.definition is None else entry.definition.name


def _qualification(
    held: HeldQualification, event: dict[str, Any], rulebook: Rulebook, wording: Wording
) -> Qualification:
    return Qualification(
        id=qualification_cursor_of(held.position),
        lead_id=held.lead_id,
        name=held.name or None,
        qualification_model_id=held.model_id,
        qualification_model_name=model_name(rulebook, held.model_id),
        qualification_model_version=event["qualification_model_version"],
        qualification_number=event["qualification_number"],
        origin=event["origin"],
        qualified_at=held.written_at,
        occurred_at=datetime.fromisoformat(event["occurred_at"]).astimezone(UTC),
        changes=sentence(changes_finding(event["changes"]), wording),
        criteria=[sentence(criterion_finding(one), wording) for one in event["criteria"]],
    )
