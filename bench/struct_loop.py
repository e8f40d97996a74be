"""The loop with leads in structs that are not walked for garbage: `python -m bench.struct_loop SETTINGS-AS-JSON`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from bench.loop import LeadChanged, Loop, Message, Moment, ScoreChanged, decode_score, main


class Score(Struct, omit_defaults=True, gc=False):
    value: float
    at: Moment
    grade: str | None = None


class Mark(Struct, omit_defaults=True, gc=False):
    version: int
    number: int
    at: Moment
    trigger: str
    cleared: bool = False


class Lead(Struct, omit_defaults=True, kw_only=True, gc=False):
    status: str = "open"
    status_reason: str = "new"
    sales_ready: bool = False
    known: bool = False
    owner_id: str | None = None
    contact_id: str | None = None
    attributes: dict[str, Any] = {}
    changed_at: Moment | None = None
    scores: dict[str, Score] = {}
    marks: dict[str, Mark] = {}
    qualified_at: Moment | None = None
    qualified_flags: tuple[str, ...] = ()


_decode_lead = msgspec.json.Decoder(Lead).decode


class StructLoop(Loop):
    def decode_lead(self, value: bytes) -> Lead:
        return _decode_lead(value)

    def decide_score(self, message: Message) -> None:
        key = message.key()
        event = decode_score(message.value() or b"")
        if event.lead_id.encode() != key:
            self.dead_letters.append((message, "the key is not the lead_id"))
            return
        partition = message.partition()
        leads = self.leads[partition]
        lead = leads.get(key)
        if lead is None:
            lead = leads[key] = Lead()
        name = sys.intern(event.scoring_model_id)
        at = event.occurred_at
        held = lead.scores.get(name)
        if held is not None and at < held.at:
            if name in self.named:
                self.outcomes["stale_score"] += 1
            return
        lead.scores[name] = Score(event.score, at, event.grade or None)
        self.changed[partition][key] = lead
        if name in self.named:
            self.outcomes[self.decide(key, lead, event, message)] += 1

    def decide(self, key: bytes, lead: Lead, event: ScoreChanged, message: Message) -> str:
        model = self.model
        if lead.status != "open" or lead.status_reason == "qualified":
            return "lead_not_open"
        may_miss = model.may_miss
        for name, threshold in model.criteria:
            score = lead.scores.get(name)
            if score is None or score.value < threshold or name not in self.live:
                if not may_miss:
                    return "criteria_not_met"
                may_miss -= 1
        mark = lead.marks.get(model.id)
        if mark is not None and not mark.cleared:
            return "already_qualified"
        changes: dict[str, Any] = {}
        if model.marketing_qualified and lead.status_reason != "marketing_qualified":
            changes["status_reason"] = {"from": lead.status_reason, "to": "marketing_qualified"}
        if model.sales_ready and not lead.sales_ready:
            changes["sales_ready"] = {"from": False, "to": True}
        if not changes:
            return "already_qualified"
        self.qualify(key, lead, event, message, changes)
        return "qualified"

    def qualify(self, key: bytes, lead: Lead, event: ScoreChanged, message: Message, changes: dict[str, Any]) -> None:
        model = self.model
        held = lead.marks.get(model.id)
        number = 1 if held is None else held.number + 1
        at = event.occurred_at.astimezone(UTC)
        if "status_reason" in changes:
            lead.status_reason = "marketing_qualified"
        if "sales_ready" in changes:
            lead.sales_ready = True
        lead.marks[model.id] = Mark(model.version, number, at, event.event_id)
        if lead.qualified_at is None or at >= lead.qualified_at:
            lead.qualified_at = at
            lead.qualified_flags = tuple(changes)
        criteria = []
        for name, threshold in model.criteria:
            score = lead.scores.get(name)
            met = score is not None and score.value >= threshold and name in self.live
            evidence = {"scoring_model_id": name, "threshold": threshold, "met": met}
            if score is not None:
                evidence["score"] = score.value
                evidence["scored_at"] = score.at
            criteria.append(evidence)
        state: dict[str, Any] = {
            "status": lead.status,
            "status_reason": lead.status_reason,
            "sales_ready": lead.sales_ready,
        }
        if lead.owner_id is not None:
            state["owner_id"] = lead.owner_id
        if lead.changed_at is not None:
            state["changed_at"] = lead.changed_at
        output = self.qualified_event(event, message, number, at, criteria=criteria, changes=changes, lead=state)
        if lead.contact_id is not None:
            output["contact_id"] = lead.contact_id
        self.qualified.append((key, output))

    def new_lead(self) -> Lead:
        return Lead()

    def changed_at(self, lead: Lead) -> datetime | None:
        return lead.changed_at

    def apply_change(self, lead: Lead, change: LeadChanged) -> None:
        at = change.occurred_at
        overtaken = lead.qualified_at is not None and at < lead.qualified_at
        kept = lead.qualified_flags if overtaken else ()
        before = (lead.status, lead.status_reason, lead.sales_ready)
        if change.status is not UNSET:
            lead.status = change.status
        if change.status_reason is not UNSET and "status_reason" not in kept:
            lead.status_reason = change.status_reason
        if change.sales_ready is not UNSET and "sales_ready" not in kept:
            lead.sales_ready = change.sales_ready
        if change.owner_id is not UNSET:
            lead.owner_id = change.owner_id
        if change.contact_id is not UNSET:
            lead.contact_id = change.contact_id
        if change.attributes is not UNSET:
            merged = lead.attributes | change.attributes
            lead.attributes = {name: content for name, content in merged.items() if content is not None}
        lead.known = True
        lead.changed_at = at
        reset = before[1] == "marketing_qualified" != lead.status_reason or (before[2] and not lead.sales_ready)
        reopened = before[0] != "open" and lead.status == "open"
        if (reset or reopened) and not overtaken:
            for mark in lead.marks.values():
                mark.cleared = True


if __name__ == "__main__":
    main(StructLoop)
