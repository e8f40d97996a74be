"""The checks of a follow-up definition beyond its form."""

from __future__ import annotations

from collections.abc import Iterator

from lead_qualifier.definitions.kind import Definition, Kind, Others
from lead_qualifier.downstream.checks import no_time, repeated
from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.follow_up import FollowUpDefinition
from lead_qualifier.qualification.finding import Finding


def _problems(definition: Definition, _others: Others) -> Iterator[Problem]:
    yield from repeated(definition.get("models", ()), ("models",))
    if "when" in definition:
        yield from condition_problems(definition["when"], ("when",), of_open=True)
    seen: set[str] = set()
    for index, stage in enumerate(definition["stages"]):
        if stage["on"] in seen:
            yield ("stages", index, "on"), Finding("repeated_stage", on=stage["on"])
        seen.add(stage["on"])
        yield from no_time(stage["within"], ("stages", index, "within"), "4h")
        if "repeat" in stage:
            yield from no_time(stage["repeat"]["every"], ("stages", index, "repeat", "every"), "24h")


KIND = Kind("follow-up", FollowUpDefinition, problems=_problems)
