"""What is wrong with a follow-up beyond its form."""

from __future__ import annotations

from collections.abc import Iterator

from app.contracts.downstream.follow_up import FollowUpDefinition
from app.downstream.conditions import Problem, problems_of
from app.downstream.definitions.kind import Definition, Kind, Others
from app.downstream.durations import milliseconds


def _problems(definition: Definition, _others: Others) -> Iterator[Problem]:
    if "when" in definition:
        yield from problems_of(definition["when"], ("when",))
    seen: set[str] = set()
    for index, stage in enumerate(definition["stages"]):
        if stage["on"] in seen:
            yield ("stages", index, "on"), f"{stage['on']} has a stage already: keep one of them"
        seen.add(stage["on"])
        if not milliseconds(stage["within"]):
            yield ("stages", index, "within"), "must be more than nothing, such as 4h"
        if "repeat" in stage and not milliseconds(stage["repeat"]["every"]):
            yield ("stages", index, "repeat", "every"), "must be more than nothing, such as 24h"


KIND = Kind("follow-up", FollowUpDefinition, problems=_problems)
