"""The checks of a sequence definition beyond its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeGuard

from lead_qualifier.definitions.kind import Definition, Kind, Others, Unresolved
from lead_qualifier.downstream.checks import no_time, repeated
from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.messages.decode_downstream import LONGEST_WAIT
from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.messages.sequences import SequenceDefinition
from lead_qualifier.qualification.conditions import IS_OPEN, Group, condition_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.lead_fields import LEAD_FIELDS
from lead_qualifier.qualification.satisfiability import ComparisonBudget, implies
from lead_qualifier.sequences.steps import Advance, Branch, Emit, Instruction, Jump, Wait, flat, successors
from lead_qualifier.wording.shortening import MOST

_MOST_LEVELS = 5
Step = Mapping[str, Any]


def _problems(definition: Definition, others: Others) -> Iterator[Problem]:
    steps = definition["steps"]
    budget = ComparisonBudget()
    following = _Following(others)
    placed = list(_placed(steps, ("steps",), 1))
    named: dict[str, Path] = {}
    for where, step, _ in placed:
        if step["id"] in named:
            yield (*where, "id"), Finding("repeated_step_id", id=step["id"])
        named.setdefault(step["id"], where)
    asked = [step["branch"]["when"] for _, step, _ in placed if "when" in step.get("branch", ())]
    if len(named) == len(placed) and not any(list(condition_problems(one, (), budget=budget)) for one in asked):
        yield from _on_the_way(flat(steps), named)
    leaving = definition.get("exit", {})
    for where, step, level in placed:
        if "branch" in step:
            yield from _of_branch(step, where, level, leaving.get("on_reply", True), budget)
        else:
            yield from _of_step(step, where, definition["id"], following)
    if "when" in leaving:
        yield from condition_problems(leaving["when"], ("exit", "when"), budget=budget)
    connect = definition.get("connect", {})
    yield from repeated(connect.get("models", ()), ("connect", "models"))
    if "when" in connect:
        yield from condition_problems(connect["when"], ("connect", "when"), of_open=True, budget=budget)
    yield from _nobody(connect, leaving, budget)
    if "models" in connect and connect["on"] != "lead-qualified":
        yield ("connect", "models"), Finding("models_of_an_assignment")
    if "wait" in connect:
        yield from _too_long(connect["wait"], ("connect", "wait"))


def _nobody(connect: Mapping[str, Any], leaving: Mapping[str, Any], budget: ComparisonBudget) -> Iterator[Problem]:
    """Problems by which every lead would leave before the first step."""
    if "when" not in leaving:
        return
    conditions = [one["when"] for one in (connect, leaving) if "when" in one]
    if any(list(condition_problems(one, (), of_open=True, budget=budget)) for one in conditions):
        return
    let_in = Group("all", (IS_OPEN, condition_of(connect.get("when"))))
    if implies(let_in, condition_of(leaving["when"]), budget):
        yield ("exit", "when"), Finding("nobody_connected")


def _placed(steps: Sequence[Step], where: Path, level: int) -> Iterator[tuple[Path, Step, int]]:
    """Every step, with its place in the definition and the number of branches around it."""
    for index, step in enumerate(steps):
        here = (*where, index)
        yield here, step, level
        for side in ("yes", "no"):
            yield from _placed(step.get(side, ()), (*here, side), level + 1)


def _of_branch(step: Step, where: Path, level: int, on_reply: bool, budget: ComparisonBudget) -> Iterator[Problem]:
    branch = step["branch"]
    here = (*where, "branch")
    if level > _MOST_LEVELS:
        yield where, Finding("branches_too_deep", most=_MOST_LEVELS)
    if not step.get("yes") and not step.get("no"):
        yield where, Finding("branch_without_steps")
    tests = [name for name in ("when", "replied", "result_of") if name in branch]
    if len(tests) != 1:
        yield here, Finding("not_one_test")
    if ("result_of" in branch) != ("equals" in branch):
        yield here, Finding("result_of_without_equals")
    if "when" in branch:
        yield from condition_problems(branch["when"], (*here, "when"), of_open=True, budget=budget)
    if "replied" in branch and on_reply:
        yield (*here, "replied"), Finding("reply_ends_sequence")
    if "within" in branch:
        yield from _too_long(branch["within"], (*here, "within"))


def _of_step(step: Step, where: Path, sequence_id: str, following: _Following) -> Iterator[Problem]:
    if "due_within" in step:
        yield from no_time(step["due_within"], (*where, "due_within"), Finding("due_within_such_as"))
    match step["kind"]:
        case "wait":
            yield from _too_long(step["for"], (*where, "for"))
        case "update_field":
            names = [name for name in ("field", "attribute") if name in step]
            if len(names) != 1:
                yield where, Finding("not_one_value_to_set")
            elif names == ["field"] and step["field"] not in LEAD_FIELDS:
                yield (*where, "field"), Finding("unknown_field_to_set", known=LEAD_FIELDS)
        case "advance":
            yield from _of_advance(step["to"], (*where, "to"), sequence_id, following)


def _of_advance(to: str, where: Path, sequence_id: str, following: _Following) -> Iterator[Problem]:
    if to == sequence_id:
        yield where, Finding("advance_to_itself")
    elif to not in following.known:
        yield Unresolved((where, Finding("unknown_sequence", id=to, advice=following.known.suggestion(to))))
    elif (way := following.way_back(to, sequence_id)) is not None:
        yield where, Finding("advances_in_a_circle", way=" -> ".join((sequence_id, *way)))


class _Following:
    """Which sequences advance to which, cached."""

    def __init__(self, others: Others) -> None:
        self.known = Nearest(others)
        self._others = others
        self._targets = cache(self._targets_of)
        #: The advances by which a lead gets from one sequence to another; None: there is no way.
        self.way_back = cache(self._way)

    def _way(self, start: str, end: str) -> tuple[str, ...] | None:
        came_from: dict[str, str] = {start: ""}
        todo = [start]
        while todo:
            here = todo.pop()
            for to in self._targets(here):
                if to == end:
                    way = [end]
                    while here:
                        way.append(here)
                        here = came_from[here]
                    return tuple(reversed(way))
                if to in self._others and to not in came_from:
                    came_from[to] = here
                    todo.append(to)
        return None

    def _targets_of(self, sequence_id: str) -> tuple[str, ...]:
        steps = (step for _, step, _ in _placed(self._others[sequence_id]["steps"], (), 1))
        return tuple(dict.fromkeys(step["to"] for step in steps if "to" in step))


def _on_the_way(program: list[Instruction], named: Mapping[str, Path]) -> Iterator[Problem]:
    """Problems with the order of steps, along every path that a lead may take."""
    # by instruction: the steps with a result that may come before it, as bits; absent: unreachable. Paths go forward.
    before: dict[int, int] = {0: 0}
    bits = {one.id: 1 << at for at, one in enumerate(one for one in program if _gives_result(one))}
    unknown = 0
    bare = {0}  # instructions that a lead may reach before any step
    for at, one in enumerate(program):
        passed = before.pop(at, None)
        if passed is None:
            if not isinstance(one, Jump):
                yield named[one.id], Finding("step_never_reached")
            continue
        if isinstance(one, Advance) and at in bare:
            yield named[one.id], Finding("advance_first")
        if isinstance(one, Wait) and _at_end(program, at + 1):
            yield named[one.id], Finding("wait_last")
        if isinstance(one, Branch) and one.result_of and not bits.get(one.result_of, 0) & passed:
            unknown += 1
            earlier = [name for name, bit in bits.items() if bit & passed] if unknown <= MOST else []
            advice = Nearest(earlier).suggestion(one.result_of)
            no_result = Finding("no_earlier_result", id=one.result_of, advice=advice)
            yield (*named[one.id], "branch", "result_of"), no_result
        after = passed | bits[one.id] if _gives_result(one) else passed
        for following in successors(program, at):
            before[following] = before.get(following, 0) | after
            if at in bare and isinstance(one, Branch | Jump):
                bare.add(following)


def _at_end(program: list[Instruction], at: int) -> bool:
    while at < len(program) and isinstance(one := program[at], Jump):
        at = one.to
    return at == len(program)


def _gives_result(one: Instruction) -> TypeGuard[Emit]:
    return isinstance(one, Emit) and one.kind != "update_field"


def _too_long(text: str, where: Path) -> Iterator[Problem]:
    if parse_duration(text) > LONGEST_WAIT:
        yield where, Finding("wait_too_long", most=LONGEST_WAIT.days)
    elif not parse_duration(text):
        yield where, Finding("wait_of_zero")


KIND = Kind("sequence", SequenceDefinition, problems=_problems)
