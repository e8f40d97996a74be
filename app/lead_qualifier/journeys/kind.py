"""The checks of a journey definition beyond its form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lead_qualifier.definitions.kind import Definition, Kind, Others
from lead_qualifier.downstream.checks import no_time, repeated
from lead_qualifier.journeys.journey import window_of
from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.journeys import JourneyDefinition
from lead_qualifier.qualification.conditions import Group, condition_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.lead_fields import FIELD_VALUES, is_value_of
from lead_qualifier.qualification.satisfiability import ComparisonBudget, implies, why_impossible


def _problems(definition: Definition, _others: Others) -> Iterator[Problem]:
    trigger = definition["trigger"]
    found: list[Problem] = []
    budget = ComparisonBudget()
    for name in ("when", "exclude"):
        if name in definition:
            found += condition_problems(definition[name], (name,), budget=budget)
    if "changed" in trigger:
        to = trigger["to"]
        if not is_value_of(trigger["changed"], to):
            known = tuple(str(value).lower() for value in FIELD_VALUES[trigger["changed"]])
            found.append((("trigger", "to"), Finding("no_such_value", field=trigger["changed"], known=known)))
    yield from found or _nobody(definition, budget)
    yield from repeated(trigger.get("models", ()), ("trigger", "models"))
    reentry = definition.get("reentry", {})
    if (reentry.get("policy") == "after") != ("after" in reentry):
        yield ("reentry",), Finding("after_without_policy")
    elif "after" in reentry:
        yield from no_time(reentry["after"], ("reentry", "after"), Finding("reentry_after_such_as"))
    names = Counter(one.get("as") or one.get("field") or one["attribute"] for one in definition.get("payload", ()))
    for name, count in names.items():
        if count > 1:
            yield ("payload",), Finding("repeated_payload", count=count, name=name)
    start_ms, end_ms = window_of(definition)
    if start_ms is not None and end_ms is not None and end_ms <= start_ms:
        yield ("window", "end"), Finding("window_ends_early")


def _nobody(definition: Definition, budget: ComparisonBudget) -> Iterator[Problem]:
    """Whether all that it asks of a lead leaves anybody to enter."""
    trigger = definition["trigger"]
    asked: list[dict[str, Any]] = []
    if "changed" in trigger:
        asked.append({"field": trigger["changed"], "equals": trigger["to"]})
    if definition.get("contact") == "required":
        asked.append({"field": "contact_id", "exists": True})
    if "when" in definition:
        asked.append(definition["when"])
    let_in = Group("all", tuple(map(condition_of, asked)))
    if (reason := why_impossible(let_in, budget)) is not None:
        yield ("when",), Finding("never_met_with_trigger", reason=reason)
    elif "exclude" in definition and implies(let_in, condition_of(definition["exclude"]), budget):
        yield ("exclude",), Finding("excludes_everybody")


def _too_late(definition: Definition, now: datetime) -> Iterator[Problem]:
    _, end_ms = window_of(definition)
    if end_ms is not None and end_ms <= now.timestamp() * 1000:
        yield ("window", "end"), Finding("window_has_passed")


KIND = Kind("journey", JourneyDefinition, problems=_problems, too_late=_too_late)
