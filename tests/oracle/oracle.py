"""The worker's oracle: replays input records and foretells every event, outcome, lead and dead letter."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tests.oracle.lead import Erased, Holding, Lead, Past, Scores
from tests.oracle.reading import Bad, Input, change, erased, merge, message, moment, response, score, when
from tests.oracle.registry import Model, Registry, duration
from tests.oracle.standing import DIFFERENCE, above, aged_until, changes_on, trigger_of, way_to

#: What the broker takes by default, and 64 KiB.
LARGEST_STATE = 1_048_588 + 65_536


@dataclass
class Oracle:
    """`qualified`: every lead-qualified value, without event_id, its times as such. `unknown_leads`: the setting."""

    partitions: int
    unknown_leads: str = "open"
    registry: Registry = field(default_factory=Registry)
    leads: dict[str, Lead] = field(default_factory=dict)
    qualified: list[dict[str, Any]] = field(default_factory=list)
    recycled: list[dict[str, Any]] = field(default_factory=list)
    """Every lead-recycled value, likewise."""
    dead: list[Input] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    shadow: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How the drafts in shadow differ, score by score."""
    answers: dict[str, tuple[bool, int]] = field(default_factory=dict)
    """By command_id: accepted, and the model's version afterwards (0: none)."""
    events: Counter[str] = field(default_factory=Counter)
    """Records by topic, dead letters included."""
    ever: set[str] = field(default_factory=set)
    """Every lead of which anything was ever held."""
    erased: dict[str, Erased] = field(default_factory=dict)
    """No test takes so long that any of it would be forgotten."""

    def replay(self, record: Input) -> None:
        self.events[record.topic] += 1
        try:
            match record.topic:
                case "lead-score-changed":
                    self._score(record)
                case "lead-changed":
                    self._change(record)
                case "lead-merged":
                    self._merge(record)
                case "lead-sales-response":
                    self._respond(record)
                case "scoring-model-changed":
                    told = message(record)
                    when(record, told["occurred_at"])
                    self.registry.announced(told)
                case "feature-commands":
                    told = message(record)
                    when(record, told["issued_at"])
                    if told["command_id"] not in self.answers:
                        self.answers[told["command_id"]] = (self.registry.feature(told), 0)
                case "qualification-commands":
                    self._command(record)
        except Bad:
            self.dead.append(record)

    def _score(self, record: Input) -> None:
        told = score(record, self.partitions)
        lead = self._lead(told["lead_id"])
        scoring_model, at = told["scoring_model_id"], moment(told["occurred_at"])
        as_of = aged_until(at, record)
        before = dict(lead.scores)
        stale = not lead.score(scoring_model, told["score"], at, told.get("grade"))
        if not stale and lead.merged_into is not None:
            self._hand_over(lead.merged_into, {scoring_model: lead.scores[scoring_model]}, [], [told["lead_id"]], as_of)
        trigger = trigger_of(told["event_id"], record)
        for name, model in sorted(self.registry.models.items()):
            if model.names(scoring_model):
                if not stale and model.live:
                    self._remember(lead, name, model, as_of, [before])
                self._evaluate(told["lead_id"], name, model, at, as_of, trigger=trigger, stale=stale)
            beside = model.in_shadow
            if beside is not None and not stale and (model.names(scoring_model) or beside.names(scoring_model)):
                self.shadow[name, DIFFERENCE[self._meant(lead, model, as_of), self._meant(lead, beside, as_of)]] += 1

    def _remember(self, lead: Lead, name: str, model: Model, as_of: datetime, stood: list[Scores]) -> None:
        """What is kept of a score besides the score: whether a wait is over, and whether scores fell below.

        They fell if they were not below before, by what this version of the model asks for. `stood`: as they were, of
        everyone who was qualified. What has expired has not fallen.
        """
        if name in lead.holding and not self._met(self._criteria(lead, model, as_of), model):
            del lead.holding[name]
        newest = lead.newest_of(name)
        if model.policy == "on_recross" and newest is not None:
            fell = not above(lead.scores, model) and any(above(scores, model) for scores in stood)
            newest.dropped = newest.dropped or fell

    def elapse(self) -> None:
        """Every hold's time is over, by the clock of now."""
        now = datetime.now(UTC)
        for lead_id, lead in self.leads.items():
            for name, hold in sorted(lead.holding.items()):
                del lead.holding[name]
                model = self.registry.models.get(name)
                if model is not None and model.version == hold.version:
                    self._evaluate(lead_id, name, model, hold.at, now, trigger=hold.trigger, waited=True)

    def _change(self, record: Input) -> None:
        if record.value is None:
            self._erase(erased(record, self.partitions))
            return
        told = change(record, self.partitions)
        before = deepcopy(self._lead(told["lead_id"]))
        applied = self.leads[told["lead_id"]].change(told)
        if len(json.dumps(self.leads[told["lead_id"]].attributes, ensure_ascii=False).encode()) > LARGEST_STATE:
            self.leads[told["lead_id"]] = before
            raise Bad("the lead would no longer fit its record")
        if applied:
            self._come_in(before, told, record)

    def _come_in(self, before: Lead, told: dict[str, Any], record: Input) -> None:
        """What comes of a change by which a lead enters an audience, or the fast track: of that alone, if of both."""
        lead = self.leads[told["lead_id"]]
        trigger = trigger_of(told["event_id"], record)
        at = moment(told["occurred_at"])
        as_of = aged_until(at, record)
        ways: dict[str, str] = {}
        for name, model in sorted(self.registry.models.items()):
            if not model.live:
                continue
            if not (model.means(before.now, before.attributes) and model.means(lead.now, lead.attributes)):
                lead.holding.pop(name, None)
            versions = [model] if model.in_shadow is None else [model, model.in_shadow]
            found = ["" if lead.reset else way_to(before, lead, one) for one in versions]
            if found[0]:
                ways[name] = found[0]
            if len(found) > 1 and any(found):
                meant = [
                    way != "" and self._meant(lead, one, as_of, fast_track=way == "fast_track")
                    for one, way in zip(versions, found, strict=True)
                ]
                self.shadow[name, DIFFERENCE[meant[0], meant[1]]] += 1
        for name, way in ways.items():
            model = self.registry.models[name]
            self._evaluate(told["lead_id"], name, model, at, as_of, trigger=trigger, fast_track=way == "fast_track")

    def _meant(self, lead: Lead, model: Model, as_of: datetime, *, fast_track: bool = False) -> bool:
        """Is the lead in the audience, with scores that are enough?"""
        enough = fast_track or self._met(self._criteria(lead, model, as_of), model)
        return enough and model.means(lead.now, lead.attributes)

    def _erase(self, lead_id: str) -> None:
        marks = self._marks(lead_id)
        lead = self.leads.pop(lead_id, None)
        merged = self.erased[lead_id].merged if lead_id in self.erased else None
        if lead is not None:
            merged = None
            if lead.merged_into is not None and lead.merged_at is not None:
                merged = (lead.merged_into, lead.merged_at)
        self.erased[lead_id] = Erased([replace(one, trigger="erased") for one in marks], merged)

    def _marks(self, lead_id: str) -> list[Past]:
        """Of the person, who may have been erased under this id before."""
        if lead_id not in self.erased:
            return self.leads[lead_id].marks() if lead_id in self.leads else []
        person = Lead()
        person.inherit({}, self.erased[lead_id].marks)
        if lead_id in self.leads:
            person.inherit({}, self.leads[lead_id].marks())
        return person.marks()

    def _merge(self, record: Input) -> None:
        told = merge(record, self.partitions)
        lead = self._lead(told["lead_id"])
        merged = (told["survivor_id"], moment(told["occurred_at"]))
        repeated = merged == (lead.merged_into, lead.merged_at)
        marks = self._marks(told["lead_id"])
        if lead.merge(*merged) and not repeated and (lead.scores or marks):
            as_of = aged_until(merged[1], record)
            self._hand_over(told["survivor_id"], lead.scores, marks, [told["lead_id"]], as_of)

    def _respond(self, record: Input) -> None:
        told = response(record, self.partitions)
        lead_id = told["lead_id"]
        way = [lead_id]
        while (survivor := self._survivor(lead_id)) is not None and survivor not in way:
            lead_id = survivor  # what sales answers about a merged lead is about its survivor
            way.append(lead_id)
        lead = self.leads.get(lead_id)
        if lead is None or told["response"] == "accepted":
            return
        rules = {}
        for mark in lead.marks():
            if told.get("qualification_model_id") not in {None, mark.model}:
                continue
            model = self.registry.models.get(mark.model)
            rule = {} if model is None else model.definition.get("on_rejection", {})
            rule = rule.get("reasons", {}).get(told.get("reason"), rule)
            again = rule.get("requalify", True) and (model is None or model.policy != "never")
            rules[mark.model] = again, duration(rule.get("cool_down"))
        at = moment(told["occurred_at"])
        taken_back, changes = lead.reject(at, rules)
        if taken_back is None or not changes:
            return
        event = {
            "lead_id": lead_id,
            "qualification_model_id": taken_back.model,
            "qualification_model_version": taken_back.version,
            "qualification_number": taken_back.number,
            "changes": changes,
            "occurred_at": at,
            "trigger": trigger_of(told["event_id"], record),
        }
        if told.get("reason") is not None:
            event["reason"] = told["reason"]
        if taken_back.not_before is not None:
            event["not_before"] = taken_back.not_before
        self.recycled.append(event)

    def _hand_over(self, to: str, scores: Scores, marks: list[Past], by_way_of: list[str], as_of: datetime) -> None:
        """At once, which a worker cannot: the two leads may be in different places."""
        lead = self._lead(to)
        before, qualified = dict(lead.scores), {mark.model for mark in lead.marks()}
        changed = lead.inherit(scores, marks)
        for name, model in sorted(self.registry.models.items()):
            marked = any(mark.model == name for mark in marks)
            if model.live and (marked or any(model.names(scoring_model) for scoring_model in changed)):
                stood = [before] if name in qualified else []
                self._remember(lead, name, model, as_of, [*stood, scores] if marked else stood)
        following = lead.merged_into
        if following is not None and following not in by_way_of:
            self._hand_over(following, scores, marks, [*by_way_of, to], as_of)

    def _command(self, record: Input) -> None:
        told = message(record)
        when(record, told["issued_at"])
        if told["command_id"] in self.answers:
            return
        name = told["qualification_model_id"]
        accepted = self.registry.command(told)
        model = self.registry.models.get(name)
        self.answers[told["command_id"]] = (accepted, 0 if model is None else model.version)
        if accepted and told["command"] == "publish":
            assert model is not None
            if model.definition.get("existing_leads", "evaluate") == "evaluate":
                trigger = trigger_of(told["command_id"], record)
                at = moment(told["issued_at"])
                for lead_id in self.leads:
                    self._evaluate(lead_id, name, model, at, at, trigger=trigger)

    def _survivor(self, lead_id: str) -> str | None:
        if lead_id in self.leads:
            return self.leads[lead_id].merged_into
        merged = self.erased[lead_id].merged if lead_id in self.erased else None
        return None if merged is None else merged[0]

    def _lead(self, lead_id: str) -> Lead:
        self.ever.add(lead_id)
        if lead_id not in self.leads:
            lead = self.leads[lead_id] = Lead()
            if lead_id in self.erased and (merged := self.erased[lead_id].merged) is not None:
                lead.merged_into, lead.merged_at = merged
                lead.merged_before_erased = True
        return self.leads[lead_id]

    def _evaluate(
        self,
        lead_id: str,
        name: str,
        model: Model,
        at: datetime,
        as_of: datetime,
        *,
        trigger: dict[str, Any],
        stale: bool = False,
        waited: bool = False,
        fast_track: bool = False,
    ) -> None:
        """`as_of`: up to when the age of a score is counted."""
        lead = self.leads[lead_id]
        criteria = self._criteria(lead, model, as_of)
        changes = changes_on(lead, model)
        outcome = self._outcome(
            lead,
            name,
            model,
            at,
            enough=fast_track or self._met(criteria, model),
            changes=changes,
            stale=stale,
            waited=waited or fast_track,
        )
        self.outcomes[name, outcome] += 1
        if outcome == "holding":
            running = lead.holding.get(name)
            if running is None or running.version != model.version:
                lead.holding[name] = Holding(model.version, at, trigger)
        if outcome != "qualified":
            return
        held = lead.newest_of(name)
        number = 1 if held is None else held.number + 1
        for flag, how in changes.items():
            lead.now[flag] = how["to"]
        lead.holding.pop(name, None)
        meant = frozenset(changes) or frozenset(flag for flag, wanted in model.definition["actions"].items() if wanted)
        lead.past.append(Past(name, model.version, number, at, trigger["event_id"], meant))
        event = {
            "lead_id": lead_id,
            "qualification_model_id": name,
            "qualification_model_version": model.version,
            "match": model.definition["match"],
            "criteria": criteria,
            "changes": changes,
            "lead": {
                field: lead.now[field]
                for field in ("status", "status_reason", "sales_ready", "owner_id")
                if field in lead.now
            },
            "qualification_number": number,
            "origin": "sweep" if trigger["topic"] == "qualification-commands" else "live",
            "occurred_at": at,
            "trigger": trigger,
        }
        if fast_track:
            event |= {"origin": "fast_track", "fast_track": True}
        if lead.changed_at is not None:
            event["lead"]["changed_at"] = lead.changed_at
        if model.grouped:
            event["tree"] = model.tree([one["met"] for one in criteria])
        if "contact_id" in lead.now:
            event["contact_id"] = lead.now["contact_id"]
        self.qualified.append(event)

    def _outcome(
        self,
        lead: Lead,
        name: str,
        model: Model,
        at: datetime,
        *,
        enough: bool,
        changes: dict[str, Any],
        stale: bool,
        waited: bool,
    ) -> str:
        held = lead.newest_of(name)
        crossed = held is not None and held.dropped and model.policy == "on_recross"
        marked = held is not None and not crossed and (model.policy == "never" or not held.cleared)
        marked = marked or (held is not None and held.barred)
        refused = held is not None and held.not_before is not None and at < held.not_before
        merged = lead.merged_into is not None
        closed = merged or lead.now["status"] != "open" or lead.now["status_reason"] == "qualified"
        words = {
            "stale_score": stale,
            "lead_management_off": not self.registry.lead_management,
            "model_not_live": not model.live,
            "unknown_lead_ineligible": lead.changed_at is None and self.unknown_leads == "ineligible",
            "lead_not_open": closed,
            "not_in_audience": not model.means(lead.now, lead.attributes),
            "criteria_not_met": not enough,
            "already_qualified": marked or not (changes or crossed),
            "cooling_down": refused or (held is not None and bool(model.cool_down) and at - held.at < model.cool_down),
            "holding": model.hold is not None and not waited,
        }
        return next((word for word, applies in words.items() if applies), "qualified")

    @staticmethod
    def _met(criteria: list[dict[str, Any]], model: Model) -> bool:
        return bool(model.tree([one["met"] for one in criteria])["met"])

    def _criteria(self, lead: Lead, model: Model, as_of: datetime) -> list[dict[str, Any]]:
        stood = []
        for one in model.leaves():
            name = one["scoring_model"]
            asks = "grades" if "grades" in one else "threshold"
            evidence: dict[str, Any] = {"scoring_model_id": name, asks: one[asks], "met": False}
            if name in lead.scores:
                value, at, grade = lead.scores[name]
                evidence["score"], evidence["scored_at"] = value, at
                if asks == "grades" and grade is not None:
                    evidence["grade"] = grade
                max_age = duration(one.get("max_age"))
                if max_age is not None and at + max_age < as_of:
                    evidence["expired"] = True
                elif self.registry.is_live(name):
                    evidence["met"] = grade in one["grades"] if asks == "grades" else value >= one["threshold"]
            stood.append(evidence)
        return stood
