"""What is wrong with a sequence beyond its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.contracts.downstream.decode_sequences import LONGEST_WAIT
from app.contracts.downstream.sequences import SequenceDefinition
from app.downstream.conditions import FIELDS, IS_OPEN, Group, Path, Problem, condition_of, implies, problems_of
from app.downstream.definitions.kind import Definition, Kind, Others, Unresolved, near, no_time, repeated
from app.downstream.durations import duration
from app.downstream.sequences.steps import Advance, Branch, Emit, Instruction, Jump, Wait, flat, successors

_MOST_LEVELS = 5
Step = Mapping[str, Any]


def _problems(definition: Definition, others: Others) -> Iterator[Problem]:
    steps = definition["steps"]
    placed = list(_placed(steps, ("steps",), 1))
    named: dict[str, Path] = {}
    for where, step, _ in placed:
        if step["id"] in named:
            yield (*where, "id"), f"is {step['id']}, as another step's is: give each step its own"
        named.setdefault(step["id"], where)
    asked = [step["branch"]["when"] for _, step, _ in placed if "when" in step.get("branch", ())]
    if len(named) == len(placed) and not any(list(problems_of(one, ())) for one in asked):
        yield from _on_the_way(flat(steps), named)
    leaving = definition.get("exit", {})
    for where, step, level in placed:
        if "branch" in step:
            yield from _of_branch(step, where, level, leaving.get("on_reply", True))
        else:
            yield from _of_step(step, where, definition["id"], others)
    if "when" in leaving:
        yield from problems_of(leaving["when"], ("exit", "when"))
    connect = definition.get("connect", {})
    yield from repeated(connect.get("models", ()), ("connect", "models"))
    if "when" in connect:
        yield from problems_of(connect["when"], ("connect", "when"), of_open=True)
    yield from _nobody(connect, leaving)
    if "models" in connect and connect["on"] != "lead-qualified":
        yield ("connect", "models"), "belongs to on: lead-qualified: an assignment names no qualification model"
    if "wait" in connect:
        yield from _too_long(connect["wait"], ("connect", "wait"))


def _nobody(connect: Mapping[str, Any], leaving: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether everybody would leave before the first step."""
    conditions = [one["when"] for one in (connect, leaving) if "when" in one]
    if "when" not in leaving or any(list(problems_of(one, (), of_open=True)) for one in conditions):
        return
    let_in = Group("all", (IS_OPEN, condition_of(connect.get("when"))))
    if implies(let_in, condition_of(leaving["when"])):
        yield ("exit", "when"), "is met by everybody whom connect lets in, so nobody would ever be connected"


def _placed(steps: Sequence[Step], where: Path, level: int) -> Iterator[tuple[Path, Step, int]]:
    """Every step, where it stands, and how many branches deep the steps are among which it does."""
    for index, step in enumerate(steps):
        here = (*where, index)
        yield here, step, level
        for side in ("yes", "no"):
            yield from _placed(step.get(side, ()), (*here, side), level + 1)


def _of_branch(step: Step, where: Path, level: int, on_reply: bool) -> Iterator[Problem]:
    branch = step["branch"]
    here = (*where, "branch")
    if level > _MOST_LEVELS:
        yield where, f"is a branch more than {_MOST_LEVELS} deep: advance to another sequence instead"
    if not step.get("yes") and not step.get("no"):
        yield where, "leads nowhere: give it steps under yes, no or both"
    tests = [name for name in ("when", "replied", "result_of") if name in branch]
    if len(tests) != 1:
        yield here, "must ask exactly one thing: when, replied, or result_of with equals"
    if ("result_of" in branch) != ("equals" in branch):
        yield here, "asks for a result by both: result_of (an earlier step) and equals (the result)"
    if "when" in branch:
        yield from problems_of(branch["when"], (*here, "when"), of_open=True)
    if "replied" in branch and on_reply:
        yield (*here, "replied"), "is never asked, for a reply ends the sequence: set exit: {on_reply: false}"
    if "within" in branch:
        yield from _too_long(branch["within"], (*here, "within"))


def _of_step(step: Step, where: Path, sequence_id: str, others: Others) -> Iterator[Problem]:
    if "due_within" in step:
        yield from no_time(step["due_within"], (*where, "due_within"), "4h; without it the step is due at once")
    match step["kind"]:
        case "wait":
            yield from _too_long(step["for"], (*where, "for"))
        case "update_field":
            names = [name for name in ("field", "attribute") if name in step]
            if len(names) != 1:
                yield where, "must name what it sets, by either field or attribute"
            elif names == ["field"] and step["field"] not in FIELDS:
                yield (*where, "field"), f"is unknown: fields are {', '.join(FIELDS)}; name attributes with attribute"
        case "advance":
            yield from _of_advance(step["to"], (*where, "to"), sequence_id, others)


def _of_advance(to: str, where: Path, sequence_id: str, others: Others) -> Iterator[Problem]:
    if to == sequence_id:
        yield where, "is this sequence itself: a lead would go round for ever; name another"
    elif to not in others:
        yield Unresolved((where, f"names {to}, which is no sequence: {near(to, list(others))}"))
    elif (way := _way_back(to, sequence_id, others)) is not None:
        yield where, f"leads back here ({' -> '.join((sequence_id, *way))}): leads would go round for ever"


def _way_back(start: str, end: str, others: Others) -> tuple[str, ...] | None:
    """By which advances a lead comes from one sequence to another."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop()
        for _, step, _ in _placed(others[way[-1]]["steps"], (), 1):
            if (to := step.get("to")) is None:
                continue
            if to == end:
                return (*way, end)
            if to in others and to not in seen:
                seen.add(to)
                ways.append((*way, to))
    return None


def _on_the_way(program: list[Instruction], named: Mapping[str, Path]) -> Iterator[Problem]:
    """What is wrong with the order of steps, along every way that a lead may take."""
    # ids of the steps given out before an instruction; absent: no way leads there. All ways go forward.
    before: dict[int, frozenset[str]] = {0: frozenset()}
    bare = {0}  # instructions that a lead may come to without having taken any step
    for at, one in enumerate(program):
        if at not in before:
            if not isinstance(one, Jump):
                yield named[one.id], "is never reached: every way before it advances to another sequence; remove it"
            continue
        if isinstance(one, Advance) and at in bare:
            yield named[one.id], "must not be the first step: connect leads to that sequence instead"
        if isinstance(one, Wait) and _at_end(program, at + 1):
            yield named[one.id], "must not be the last step: there is nothing that it waits for"
        if isinstance(one, Branch) and one.result_of and one.result_of not in before[at]:
            yield (*named[one.id], "branch", "result_of"), _no_result(one.result_of, before[at])
        gives_result = isinstance(one, Emit) and one.kind != "update_field"
        after = before[at] | {one.id} if isinstance(one, Emit) and gives_result else before[at]
        for following in successors(program, at):
            before[following] = before.get(following, frozenset()) | after
            if at in bare and isinstance(one, Branch | Jump):
                bare.add(following)


def _at_end(program: list[Instruction], at: int) -> bool:
    while at < len(program) and isinstance(one := program[at], Jump):
        at = one.to
    return at == len(program)


def _no_result(name: str, before: frozenset[str]) -> str:
    return f"names {name}, which is no earlier step that has a result: {near(name, sorted(before))}"


def _too_long(text: str, where: Path) -> Iterator[Problem]:
    if duration(text) > LONGEST_WAIT:
        yield where, "must be 30d at most"
    elif not duration(text):
        yield where, "must be longer than nothing: remove it, or say how long"


KIND = Kind("sequence", SequenceDefinition, problems=_problems)
