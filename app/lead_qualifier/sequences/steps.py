"""A published sequence in the form that decisions need: its nested steps as one flat program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.qualification.conditions import Condition, condition_of

ANSWERED = frozenset({"email", "phone_call", "task"})
"""Kinds of step that must be completed (activity-completed) before the sequence continues."""


class Emit(Struct, frozen=True):
    """Emit a step. `data`: its own fields; `within_ms`: how long after that it is due."""

    id: str
    kind: str
    data: dict[str, Any]
    within_ms: int = 0


class Wait(Struct, frozen=True):
    """Wait this long."""

    id: str
    length_ms: int


class Branch(Struct, frozen=True):
    """Continue with the next instruction if the test is met, otherwise at `otherwise`.

    Exactly one of `when`, `replied` and `result_of` is set. `within_ms` None: decided immediately; otherwise as soon as
    the answer is certain, and after this time at the latest.
    """

    id: str
    otherwise: int
    when: Condition | None = None
    replied: bool | None = None
    result_of: str = ""
    equals: str = ""
    within_ms: int | None = None


class Jump(Struct, frozen=True):
    """Continue there: the end of a branch's yes side."""

    to: int


class Advance(Struct, frozen=True):
    """Move the lead to another sequence."""

    id: str
    to: str


Instruction = Emit | Wait | Branch | Jump | Advance


class Connect(Struct, frozen=True):
    """Which event connects leads automatically. `models` None: of any qualification model."""

    on: str
    when: Condition
    models: frozenset[str] | None = None
    wait_ms: int = 0


class Program(Struct, frozen=True):
    """A version of a sequence. It is completed after its last instruction."""

    id: str
    version: int
    instructions: tuple[Instruction, ...]
    exit_on_reply: bool = True
    exit_when: Condition | None = None
    connect: Connect | None = None
    pinned: dict[str, Any] = {}


def program_of(definition: Mapping[str, Any], version: int) -> Program:
    """The program of a valid definition."""
    leaving = definition.get("exit", {})
    connect = definition.get("connect")
    return Program(
        id=definition["id"],
        version=version,
        instructions=tuple(flat(definition["steps"])),
        exit_on_reply=leaving.get("on_reply", True),
        exit_when=condition_of(leaving["when"]) if "when" in leaving else None,
        connect=None if connect is None else _connect_of(connect),
        pinned={name: definition[name] for name in ("id", "steps", "exit") if name in definition},
    )


def flat(steps: Sequence[Mapping[str, Any]], start: int = 0) -> list[Instruction]:
    """The steps as instructions numbered from `start`. All jumps go forward, so every program ends."""
    out: list[Instruction] = []
    for step in steps:
        if "branch" in step:
            yes = flat(step.get("yes", ()), start + len(out) + 1)
            after_yes = start + len(out) + 1 + len(yes) + 1
            no = flat(step.get("no", ()), after_yes)
            out += [_branch(step["id"], step["branch"], after_yes), *yes, Jump(after_yes + len(no)), *no]
        else:
            out.append(_single(step))
    return out


def _single(step: Mapping[str, Any]) -> Instruction:
    kind = step["kind"]
    if kind == "wait":
        return Wait(step["id"], parse_milliseconds(step["for"]))
    if kind == "advance":
        return Advance(step["id"], step["to"])
    data = {name: value for name, value in step.items() if name not in {"id", "kind", "due_within"}}
    within = step.get("due_within")
    return Emit(step["id"], kind, data, 0 if within is None else parse_milliseconds(within))


def _branch(name: str, branch: Mapping[str, Any], otherwise: int) -> Branch:
    within = branch.get("within")
    return Branch(
        name,
        otherwise,
        when=condition_of(branch["when"]) if "when" in branch else None,
        replied=branch.get("replied"),
        result_of=branch.get("result_of", ""),
        equals=branch.get("equals", ""),
        within_ms=None if within is None else parse_milliseconds(within),
    )


def _connect_of(connect: Mapping[str, Any]) -> Connect:
    models = connect.get("models")
    return Connect(
        connect["on"],
        condition_of(connect.get("when")),
        None if models is None else frozenset(models),
        parse_milliseconds(connect["wait"]) if "wait" in connect else 0,
    )


def successors(program: Sequence[Instruction], at: int) -> tuple[int, ...]:
    """The instructions that may follow; the program's length stands for its end. None follow an advance."""
    match program[at]:
        case Branch(otherwise=otherwise):
            return (at + 1, otherwise)
        case Jump(to=to):
            return (to,)
        case Advance():
            return ()
        case _:
            return (at + 1,)
