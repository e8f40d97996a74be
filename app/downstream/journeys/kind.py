"""What is wrong with a journey beyond its form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from app.contracts.downstream.journeys import JourneyDefinition
from app.downstream.conditions import Problem, condition_of, problems_of
from app.downstream.definitions.kind import Definition, Kind, Others
from app.downstream.journeys.journey import journey_of

#: Of status_reason; sales_ready becomes true or false.
_REASONS = (
    "new",
    "contacted",
    "marketing_qualified",
    "qualified",
    "lost",
    "cannot_contact",
    "no_longer_interested",
    "canceled",
)


def _problems(definition: Definition, _others: Others) -> Iterator[Problem]:
    for name in ("when", "exclude"):
        if name in definition:
            yield from problems_of(definition[name], (name,))
    trigger = definition["trigger"]
    if "changed" in trigger:
        to = trigger["to"]
        if trigger["changed"] == "sales_ready" and not isinstance(to, bool):
            yield ("trigger", "to"), "must be true or false: sales_ready becomes nothing else"
        if trigger["changed"] == "status_reason" and to not in _REASONS:
            yield ("trigger", "to"), f"is no status reason: it becomes one of {', '.join(_REASONS)}"
        if "when" in definition and not list(problems_of(definition["when"], ())):
            became = {"field": trigger["changed"], "equals": to}
            yield from problems_of({"all": [became, definition["when"]]}, ("when",))
    reentry = definition.get("reentry", {})
    if (reentry.get("policy") == "after") != ("after" in reentry):
        yield ("reentry",), "names how long after an entry with policy after, and only then: {policy: after, after: 7d}"
    names = Counter(one.get("as") or one.get("field") or one["attribute"] for one in definition.get("payload", ()))
    for name, count in names.items():
        if count > 1:
            yield ("payload",), f"has {count} values named {name}: give each its own name with as"
    if "exclude" in definition and "when" in definition:
        when, exclude = condition_of(definition["when"]), condition_of(definition["exclude"])
        if when == exclude:
            yield ("exclude",), "excludes exactly whom when lets in, so nobody would ever enter"
    journey = journey_of(definition, 0)
    if journey.start_ms is not None and journey.end_ms is not None and journey.end_ms <= journey.start_ms:
        yield ("window", "end"), "must be later than start"


KIND = Kind("journey", JourneyDefinition, problems=_problems)
