"""What is wrong with an assignment definition beyond its form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.contracts.downstream.assignment import AssignmentDefinition
from app.downstream.assignment.rules import TARGETS
from app.downstream.conditions import (
    IS_OPEN,
    Condition,
    Group,
    Path,
    Problem,
    condition_of,
    implies,
    impossible,
    problems_of,
)
from app.downstream.definitions.kind import Definition, Kind, Others, near, repeated


def _problems(definition: Definition, _others: Others) -> Iterator[Problem]:
    found = list(_of_each(definition))
    yield from found
    if not found:
        yield from _never(definition)


def _of_each(definition: Definition) -> Iterator[Problem]:
    yield from repeated(definition.get("models", ()), ("models",))
    yield from _unique(definition["segments"], "id", ("segments",))
    yield from _unique(definition["segments"], "priority", ("segments",))
    for name in ("teams", "queues"):
        yield from _unique(definition.get(name, ()), "id", (name,))
    for index, segment in enumerate(definition["segments"]):
        where: Path = ("segments", index)
        if "when" in segment:
            yield from problems_of(segment["when"], (*where, "when"), of_open=True)
        yield from _unique(segment["rules"], "id", (*where, "rules"))
        for number, rule in enumerate(segment["rules"]):
            yield from _of_rule(definition, rule, (*where, "rules", number))


def _unique(members: Any, field: str, where: Path) -> Iterator[Problem]:
    seen: dict[Any, str] = {}
    for index, one in enumerate(members):
        if one[field] in seen:
            yield (
                (*where, index, field),
                f"{one[field]} is that of {seen[one[field]]} already: give {one['id']} another {field}",
            )
        seen.setdefault(one[field], one["id"])


def _of_rule(definition: Definition, rule: Mapping[str, Any], where: Path) -> Iterator[Problem]:
    if "when" in rule:
        yield from problems_of(rule["when"], (*where, "when"), of_open=True)
    named = [key for _, key in TARGETS if key in rule]
    if len(named) != 1:
        yield where, "must assign to exactly one of sellers, team and queue"
        return
    target, whom = named[0], rule[named[0]]
    exact = "ids" if target == "sellers" else "id"
    yield from repeated(whom.get("ids", ()), (*where, target, "ids"))
    if ("when" in whom) == (exact in whom):
        yield (*where, target), f"must name whom, by exactly one of when and {exact}"
    if "when" in whom:
        yield from problems_of(whom["when"], (*where, target, "when"), of_seller=True)
    if target != "sellers":
        known = [one["id"] for one in definition.get(f"{target}s", ())]
        if "id" in whom and whom["id"] not in known:
            yield (
                (*where, target, "id"),
                f"there is no {target} {whom['id']} among {target}s: {near(whom['id'], known)}",
            )
        for option in ("distribute", "available_within"):
            if option in rule:
                yield (*where, option), "is for rules that assign to sellers only: remove it"


def _never(definition: Definition) -> Iterator[Problem]:
    """Segments and rules that no lead can come to."""
    by_priority = sorted(enumerate(definition["segments"]), key=lambda one: -int(one[1]["priority"]))
    yield from _overtaken("segment", [(("segments", index), segment) for index, segment in by_priority], IS_OPEN)
    for index, segment in enumerate(definition["segments"]):
        within = Group("all", (IS_OPEN, condition_of(segment.get("when"))))
        where: Path = ("segments", index, "rules")
        for number, rule in enumerate(segment["rules"]):
            if (reason := impossible(Group("all", (within, condition_of(rule.get("when")))))) is not None:
                yield (
                    (*where, number, "when"),
                    f"can never be so in segment {segment['id']}: {reason}; change one of them",
                )
        yield from _overtaken(
            "rule", [((*where, number), rule) for number, rule in enumerate(segment["rules"])], within
        )


def _overtaken(what: str, in_order: Sequence[tuple[Path, Mapping[str, Any]]], given: Condition) -> Iterator[Problem]:
    """Those that match no lead which one before them leaves. `given`: what is so of all leads that come there."""
    before: list[tuple[str, Condition]] = []
    for where, one in in_order:
        condition = condition_of(one.get("when"))
        mine = Group("all", (given, condition))
        if impossible(mine) is None:
            taker = next((name for name, other in before if implies(mine, other)), None)
            if taker is not None:
                yield (
                    where,
                    f"can never match: {what} {taker} before it takes all of its leads; change order or condition",
                )
        before.append((one["id"], condition))


def _conflicts(definition: Definition, live: Others) -> Iterator[Problem]:
    mine = definition.get("models")
    for identity, other in sorted(live.items()):
        theirs = other.get("models")
        both = sorted(set(mine) & set(theirs)) if mine and theirs else mine or theirs or ["every model"]
        if both:
            yield (
                ("models",),
                f"{identity} is live and takes leads of {', '.join(both)} too: stop it, or name other models",
            )


KIND = Kind("assignment", AssignmentDefinition, _problems, _conflicts)


def knowing(sellers: Collection[str]) -> Kind:
    """The kind where the sellers are known: a rule must name none but them."""

    def problems(definition: Definition, others: Others) -> Iterator[Problem]:
        yield from _problems(definition, others)
        for index, segment in enumerate(definition["segments"]):
            for number, rule in enumerate(segment["rules"]):
                for at, one in enumerate(rule.get("sellers", {}).get("ids", ())):
                    if one not in sellers:
                        where = ("segments", index, "rules", number, "sellers", "ids", at)
                        yield where, f"there is no seller {one}: {near(one, list(sellers))}"

    return replace(KIND, problems=problems)
