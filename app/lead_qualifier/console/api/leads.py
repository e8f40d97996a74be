"""Leads: looked for, shown and explained."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lead_qualifier.client.errors import UnreadableState
from lead_qualifier.client.evidence import criterion_finding
from lead_qualifier.client.explanation import Explained, explain, reopened
from lead_qualifier.console.api.cursors import cursor_of, page_of, position_of
from lead_qualifier.console.api.errors import LeadNotFound, LeadUnreadable
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.lead_forms import (
    ExplainedCriterion,
    ExplainedModel,
    HeldMark,
    HeldScore,
    LeadDetails,
    LeadExplanation,
    LeadList,
    LeadSummary,
)
from lead_qualifier.console.api.timeline import timeline
from lead_qualifier.console.read_model.lead_search import LeadQuery
from lead_qualifier.console.read_model.ranking import last_qualified
from lead_qualifier.console.read_model.reader import FoundLead, ProjectedLead, Reader
from lead_qualifier.messages.lead_qualified import evidence_of
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.utc import within_years
from lead_qualifier.wording.sentences import Wording

MOST_LEADS = 200


class Leads:
    """What API and pages ask about leads. Everything comes from the projection."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def search(self, query: LeadQuery, *, cursor: str | None = None, limit: int = 50) -> LeadList:
        """A page of the leads that meet the query. Raises InvalidParameter."""
        after = None if cursor is None else position_of(cursor)
        found = self._reader.search(query, after=after, limit=limit + 1)
        shown, more = page_of(found, limit, lambda one: cursor_of(one.position))
        return LeadList(leads=[_found(one) for one in shown], next_cursor=more)

    def show(self, lead_id: str, wording: Wording) -> LeadDetails:
        """One lead. Raises LeadNotFound, LeadUnreadable."""
        held = held_lead(self._reader, lead_id)
        return _details(held, held.rulebook.rules, wording)

    def explain(self, lead_id: str, wording: Wording) -> LeadExplanation:
        """Why it is qualified or not. Raises LeadNotFound, LeadUnreadable."""
        held = held_lead(self._reader, lead_id)
        return _explanation(held, held.rulebook.rules, wording)

    def show_explained(self, lead_id: str, wording: Wording) -> tuple[LeadDetails, LeadExplanation]:
        """Both, of the same moment. Raises LeadNotFound, LeadUnreadable."""
        held = held_lead(self._reader, lead_id)
        rules = held.rulebook.rules
        return _details(held, rules, wording), _explanation(held, rules, wording)


def held_lead(reader: Reader, lead_id: str) -> ProjectedLead:
    """What is held about a lead. Raises LeadNotFound, LeadUnreadable."""
    try:
        held = reader.lead(lead_id)
    except UnreadableState as error:
        raise LeadUnreadable from error
    if held is None:
        raise LeadNotFound
    return held


def _found(found: FoundLead) -> LeadSummary:
    if found.lead is None:
        return LeadSummary(lead_id=found.lead_id, readable=False)
    return LeadSummary(**_summary(found.lead_id, found.name, found.lead))


def _summary(lead_id: str, name: str, lead: Lead) -> dict[str, Any]:
    qualified = last_qualified(lead)
    return {
        "lead_id": lead_id,
        "name": name or None,
        "status": lead.status,
        "status_reason": lead.status_reason,
        "sales_ready": lead.sales_ready,
        "owner_id": lead.owner_id,
        "merged_into": lead.merged_into,
        "qualified_at": None if qualified is None else within_years(qualified),
    }


def _details(held: ProjectedLead, rules: Rules, wording: Wording) -> LeadDetails:
    lead = held.lead
    since = {finding.arguments["model"]: finding for finding in reopened(lead)}
    return LeadDetails(
        **_summary(held.lead_id, held.name, lead),
        known=lead.known,
        contact_id=lead.contact_id,
        attributes=lead.attributes,
        changed_at=lead.changed_at,
        merged_at=lead.merged_at,
        scores=[
            HeldScore(
                scoring_model_id=name,
                score=score.value,
                scored_at=score.at,
                grade=score.grade,
                counts=name in rules.live_scoring_models,
            )
            for name, score in sorted(lead.scores.items())
        ],
        marks=[
            HeldMark(
                qualification_model_id=name,
                qualification_model_version=mark.version,
                qualification_number=mark.number,
                qualified_at=mark.at,
                since=None if name not in since else sentence(since[name], wording),
            )
            for name, mark in sorted(lead.marks.items())
        ],
        timeline=timeline(held, wording),
    )


def _explanation(held: ProjectedLead, rules: Rules, wording: Wording) -> LeadExplanation:
    explained = explain(held.lead, rules, datetime.now(UTC))
    return LeadExplanation(
        lead_id=held.lead_id,
        lead_management=rules.lead_management,
        models=[_model(one, rules, wording) for one in explained],
    )


def _model(one: Explained, rules: Rules, wording: Wording) -> ExplainedModel:
    return ExplainedModel(
        qualification_model_id=one.model.id,
        name=one.model.definition.name,
        version=one.model.version,
        live=one.model.live,
        outcome=one.outcome.value,
        reason=sentence(one.reason, wording),
        criteria=[
            ExplainedCriterion(**evidence, text=wording.sentence(criterion_finding(evidence)))
            for evidence in map(evidence_of, one.criteria)
        ],
        missing=[sentence(finding, wording) for finding in one.missing],
        in_audience=one.in_audience,
        fast_track=None if one.fast_track is None else sentence(one.fast_track, wording),
        degraded=list(rules.degraded(one.model)),
    )
