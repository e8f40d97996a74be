"""The loop with leads in plain dicts, as the changelog has them: `python -m bench.plain_loop SETTINGS-AS-JSON`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET

from bench.loop import LeadChanged, Loop, Message, ScoreChanged, decode_score, main

Lead = dict[str, Any]

_TIMES = ("changed_at", "qualified_at")


class PlainLoop(Loop):
    def decode_lead(self, value: bytes) -> Lead:
        lead: Lead = self.new_lead() | msgspec.json.decode(value)
        for name in _TIMES:
            if name in lead:
                lead[name] = datetime.fromisoformat(lead[name])
        for held in (*lead["scores"].values(), *lead["marks"].values()):
            held["at"] = datetime.fromisoformat(held["at"])
        return lead

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
            lead = leads[key] = self.new_lead()
        name = event.scoring_model_id
        at = event.occurred_at
        held = lead["scores"].get(name)
        if held is not None and at < held["at"]:
            if name in self.named:
                self.outcomes["stale_score"] += 1
            return
        lead["scores"][name] = {"value": event.score, "at": at}
        if event.grade:
            lead["scores"][name]["grade"] = event.grade
        self.changed[partition][key] = lead
        if name in self.named:
            self.outcomes[self.decide(key, lead, event, message)] += 1

    def decide(self, key: bytes, lead: Lead, event: ScoreChanged, message: Message) -> str:
        model = self.model
        if lead["status"] != "open" or lead["status_reason"] == "qualified":
            return "lead_not_open"
        scores = lead["scores"]
        may_miss = model.may_miss
        for name, threshold in model.criteria:
            score = scores.get(name)
            if score is None or score["value"] < threshold or name not in self.live:
                if not may_miss:
                    return "criteria_not_met"
                may_miss -= 1
        mark = lead["marks"].get(model.id)
        if mark is not None and not mark.get("cleared"):
            return "already_qualified"
        changes: dict[str, Any] = {}
        if model.marketing_qualified and lead["status_reason"] != "marketing_qualified":
            changes["status_reason"] = {"from": lead["status_reason"], "to": "marketing_qualified"}
        if model.sales_ready and not lead["sales_ready"]:
            changes["sales_ready"] = {"from": False, "to": True}
        if not changes:
            return "already_qualified"
        self.qualify(key, lead, event, message, changes)
        return "qualified"

    def qualify(self, key: bytes, lead: Lead, event: ScoreChanged, message: Message, changes: dict[str, Any]) -> None:
        model = self.model
        held = lead["marks"].get(model.id)
        number = 1 if held is None else held["number"] + 1
        at = event.occurred_at.astimezone(UTC)
        lead.update({name: change["to"] for name, change in changes.items()})
        lead["marks"][model.id] = {"version": model.version, "number": number, "at": at, "trigger": event.event_id}
        if lead.get("qualified_at") is None or at >= lead["qualified_at"]:
            lead["qualified_at"] = at
            lead["qualified_flags"] = list(changes)
        criteria = []
        for name, threshold in model.criteria:
            score = lead["scores"].get(name)
            met = score is not None and score["value"] >= threshold and name in self.live
            evidence = {"scoring_model_id": name, "threshold": threshold, "met": met}
            if score is not None:
                evidence["score"] = score["value"]
                evidence["scored_at"] = score["at"]
            criteria.append(evidence)
        told = ("status", "status_reason", "sales_ready", "owner_id", "changed_at")
        state = {name: lead[name] for name in told if name in lead}
        output = self.qualified_event(event, message, number, at, criteria=criteria, changes=changes, lead=state)
        if "contact_id" in lead:
            output["contact_id"] = lead["contact_id"]
        self.qualified.append((key, output))

    def new_lead(self) -> Lead:
        return {"status": "open", "status_reason": "new", "sales_ready": False, "scores": {}, "marks": {}}

    def changed_at(self, lead: Lead) -> datetime | None:
        return lead.get("changed_at")

    def apply_change(self, lead: Lead, change: LeadChanged) -> None:
        at = change.occurred_at
        overtaken = "qualified_at" in lead and at < lead["qualified_at"]
        kept = lead["qualified_flags"] if overtaken else ()
        before = (lead["status"], lead["status_reason"], lead["sales_ready"])
        for name in ("status", "status_reason", "sales_ready"):
            content = getattr(change, name)
            if content is not UNSET and name not in kept:
                lead[name] = content
        for name in ("owner_id", "contact_id"):
            content = getattr(change, name)
            if content is None:
                lead.pop(name, None)
            elif content is not UNSET:
                lead[name] = content
        if change.attributes is not UNSET:
            merged = lead.get("attributes", {}) | change.attributes
            lead["attributes"] = {name: content for name, content in merged.items() if content is not None}
        lead["known"] = True
        lead["changed_at"] = at
        reset = before[1] == "marketing_qualified" != lead["status_reason"] or (before[2] and not lead["sales_ready"])
        reopened = before[0] != "open" and lead["status"] == "open"
        if (reset or reopened) and not overtaken:
            for mark in lead["marks"].values():
                mark["cleared"] = True


if __name__ == "__main__":
    main(PlainLoop)
