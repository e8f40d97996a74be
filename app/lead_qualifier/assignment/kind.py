"""The checks of an assignment definition beyond its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lead_qualifier.assignment.rules import TARGETS
from lead_qualifier.assignment.state import Departed
from lead_qualifier.definitions.kind import Definition, Kind, Others
from lead_qualifier.downstream.checks import repeated
from lead_qualifier.messages.assignment import AssignmentDefinition
from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.qualification.conditions import IS_OPEN, Condition, Group, condition_of, holds
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.satisfiability import (
    BudgetExhausted,
    ComparisonBudget,
    find_example,
    implies,
    size_of,
    why_impossible,
)


def _problems(definition: Definition, _others: Others) -> Iterator[Problem]:
    budget = ComparisonBudget()
    found = list(_of_each(definition, budget))
    yield from found
    if not found:
        yield from _never(definition, budget)


def _of_each(definition: Definition, budget: ComparisonBudget) -> Iterator[Problem]:
    yield from repeated(definition.get("models", ()), ("models",))
    yield from _unique(definition["segments"], "id", ("segments",))
    yield from _unique(definition["segments"], "priority", ("segments",))
    for name in ("teams", "queues"):
        yield from _unique(definition.get(name, ()), "id", (name,))
    known = {name: Nearest({one["id"] for one in definition.get(f"{name}s", ())}) for name in ("team", "queue")}
    for index, segment in enumerate(definition["segments"]):
        where: Path = ("segments", index)
        if "when" in segment:
            yield from condition_problems(segment["when"], (*where, "when"), of_open=True, budget=budget)
        yield from _unique(segment["rules"], "id", (*where, "rules"))
        for number, rule in enumerate(segment["rules"]):
            yield from _of_rule(known, rule, (*where, "rules", number), budget)


def _unique(members: Any, field: str, where: Path) -> Iterator[Problem]:
    seen: dict[Any, str] = {}
    for index, one in enumerate(members):
        if one[field] in seen:
            taken = Finding("taken_already", value=one[field], field=field, by=seen[one[field]], id=one["id"])
            yield (*where, index, field), taken
        seen.setdefault(one[field], one["id"])


def _of_rule(
    known: Mapping[str, Nearest], rule: Mapping[str, Any], where: Path, budget: ComparisonBudget
) -> Iterator[Problem]:
    if "when" in rule:
        yield from condition_problems(rule["when"], (*where, "when"), of_open=True, budget=budget)
    named = [key for _, key in TARGETS if key in rule]
    if len(named) != 1:
        yield where, Finding("not_one_target")
        return
    target, whom = named[0], rule[named[0]]
    exact = "ids" if target == "sellers" else "id"
    yield from repeated(whom.get("ids", ()), (*where, target, "ids"))
    if ("when" in whom) == (exact in whom):
        yield (*where, target), Finding("not_one_way_to_say_who", exact=exact)
    if "when" in whom:
        yield from condition_problems(whom["when"], (*where, target, "when"), of_seller=True, budget=budget)
    if target != "sellers":
        if "id" in whom and whom["id"] not in known[target]:
            advice = known[target].suggestion(whom["id"])
            unknown = Finding("unknown_team_or_queue", target=target, id=whom["id"], advice=advice)
            yield (*where, target, "id"), unknown
        for option in ("distribute", "available_within"):
            if option in rule:
                yield (*where, option), Finding("only_for_sellers")


def _never(definition: Definition, budget: ComparisonBudget) -> Iterator[Problem]:
    """Segments and rules that no lead can reach."""
    by_priority = sorted(enumerate(definition["segments"]), key=lambda one: -int(one[1]["priority"]))
    segments: list[_Placed] = [(("segments", index), segment) for index, segment in by_priority]
    yield from _overtaken(segments, IS_OPEN, budget, of_segments=True)
    for index, segment in enumerate(definition["segments"]):
        within = Group("all", (IS_OPEN, condition_of(segment.get("when"))))
        where: Path = ("segments", index, "rules")
        for number, rule in enumerate(segment["rules"]):
            mine = Group("all", (within, condition_of(rule.get("when"))))
            if (reason := why_impossible(mine, budget)) is not None:
                impossible = Finding("impossible_in_segment", segment=segment["id"], reason=reason)
                yield (*where, number, "when"), impossible
        rules: list[_Placed] = [((*where, number), rule) for number, rule in enumerate(segment["rules"])]
        yield from _overtaken(rules, within, budget, of_segments=False)


_Placed = tuple[Path, Mapping[str, Any]]


def _overtaken(
    in_order: Sequence[_Placed], given: Condition, budget: ComparisonBudget, *, of_segments: bool
) -> Iterator[Problem]:
    """Those that match only leads which another before them takes. `given`: what holds for all leads that get there."""
    before: list[tuple[str, Condition, int]] = []
    for where, one in in_order:
        condition = condition_of(one.get("when"))
        taker = _taker(Group("all", (given, condition)), before, budget)
        if taker is not None:
            yield where, Finding("segment_never_matches" if of_segments else "rule_never_matches", before=taker)
        before.append((one["id"], condition, size_of(condition)))


def _taker(condition: Condition, before: Sequence[tuple[str, Condition, int]], budget: ComparisonBudget) -> str | None:
    """The one before that is met whenever this one is, if any."""
    example = find_example(condition, budget)
    if isinstance(example, Finding):
        return None  # it is never met itself
    try:
        for name, other, size in before:
            budget.spend(size)
            # an example of a lead nearly always shows that it is not implied
            if (example is None or holds(other, example)) and implies(condition, other, budget):
                return name
    except BudgetExhausted:
        pass
    return None


def _conflicts(definition: Definition, live: Others) -> Iterator[Problem]:
    mine = definition.get("models")
    for identity, other in sorted(live.items()):
        theirs = other.get("models")
        both = sorted(set(mine) & set(theirs)) if mine and theirs else mine or theirs or ["every model"]
        if both:
            yield ("models",), Finding("models_taken_already", by=identity, models=tuple(both))


KIND = Kind("assignment", AssignmentDefinition, _problems, _conflicts)


def kind_with_sellers(sellers: Mapping[str, Departed | None]) -> Kind:
    """The kind where sellers are known, departed ones included: rules may name only these."""

    def problems(definition: Definition, others: Others) -> Iterator[Problem]:
        yield from _problems(definition, others)
        known = Nearest([one for one, departed in sellers.items() if departed != "left"])
        for where, one in _sellers_named(definition):
            if one not in sellers:
                yield where, Finding("unknown_seller", id=one, advice=known.suggestion(one))

    def warnings(definition: Definition) -> Iterator[Problem]:
        for where, one in _sellers_named(definition):
            if (departed := sellers.get(one)) is not None:
                yield where, Finding("seller_inactive" if departed == "inactive" else "seller_left", id=one)

    return replace(KIND, problems=problems, warnings=warnings)


def _sellers_named(definition: Definition) -> Iterator[tuple[Path, str]]:
    for index, segment in enumerate(definition["segments"]):
        for number, rule in enumerate(segment["rules"]):
            for at, one in enumerate(rule.get("sellers", {}).get("ids", ())):
                yield ("segments", index, "rules", number, "sellers", "ids", at), one
