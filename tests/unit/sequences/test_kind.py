"""What is refused in a sequence, by name, and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from lead_qualifier.sequences.kind import KIND
from tests.support.problems import in_english
from tests.support.sequence_harness import advance, branch, email, mail, sequence, wait

WHEN: dict[str, Any] = {"when": {"attribute": "a", "exists": True}}
OTHERS = {"t": sequence("t", mail("a")), "back": sequence("back", mail("a"), advance("go", "s"))}


def deep(levels: int) -> dict[str, Any]:
    return branch(f"b{levels}", WHEN, [deep(levels - 1) if levels > 1 else mail("x")], [])


@pytest.mark.parametrize(
    ("definition", "where", "says"),
    [
        (sequence("s", mail("a"), wait("w", "1d")), "steps.1", "last step"),
        (sequence("s", mail("a"), branch("b", WHEN, [wait("w", "1d")], [])), "steps.1.yes.0", "last step"),
        (sequence("s", wait("w", "31d"), mail("a")), "steps.0.for", "30d at most"),
        (sequence("s", wait("w", "0d"), mail("a")), "steps.0.for", "longer than zero"),
        (sequence("s", advance("go", "t")), "steps.0", "first step"),
        (sequence("s", branch("b", WHEN, [advance("go", "t")], [mail("a")])), "steps.0.yes.0", "first step"),
        (sequence("s", mail("a"), advance("go", "t"), mail("b")), "steps.2", "never reached"),
        (
            sequence("s", mail("a"), branch("b", WHEN, [advance("x", "t")], [advance("y", "t")]), mail("c")),
            "steps.2",
            "never reached",
        ),
        (sequence("s", mail("a"), advance("go", "tt")), "steps.1.to", "did you mean t?"),
        (sequence("s", mail("a"), advance("go", "s")), "steps.1.to", "loop forever"),
        (sequence("s", mail("a"), advance("go", "back")), "steps.1.to", "s -> back -> s"),
        (sequence("s", mail("a"), mail("a")), "steps.1.id", "like another step's"),
        (sequence("s", branch("b", WHEN, [], [])), "steps.0", "leads nowhere"),
        (sequence("s", branch("b", {}, [mail("a")], [])), "steps.0.branch", "exactly one"),
        (
            sequence("s", email("e"), branch("b", {**WHEN, "result_of": "e", "equals": "x"}, [mail("a")], [])),
            "steps.1.branch",
            "exactly one",
        ),
        (sequence("s", branch("b", {"replied": True}, [mail("a")], [])), "steps.0.branch.replied", "on_reply: false"),
        (
            sequence("s", email("e"), branch("b", {"result_of": "f", "equals": "x"}, [mail("a")], [])),
            "steps.1.branch.result_of",
            "did you mean|there are e",
        ),
        (
            sequence("s", email("e"), branch("b", {"result_of": "e"}, [mail("a")], [])),
            "steps.1.branch",
            "together",
        ),
        (
            sequence("s", branch("b", {**WHEN, "within": "31d"}, [mail("a")], [])),
            "steps.0.branch.within",
            "30d at most",
        ),
        (sequence("s", {"id": "u", "kind": "update_field", "value": 1}), "steps.0", "either field or attribute"),
        (
            sequence("s", {"id": "u", "kind": "update_field", "field": "colour", "value": 1}),
            "steps.0.field",
            "fields are",
        ),
        (sequence("s", deep(6)), "steps.0.yes.0.yes.0.yes.0.yes.0.yes.0", "more than 5 deep"),
        (
            sequence("s", mail("a"), connect={"on": "lead-assigned", "models": ["m"]}),
            "connect.models",
            "lead-qualified",
        ),
        (sequence("s", mail("a"), connect={"on": "lead-assigned", "wait": "5w"}), "connect.wait", "30d at most"),
        (sequence("s", mail("a"), exit={"when": {"field": "colour", "equals": 1}}), "exit.when.field", "unknown"),
        (sequence("s", mail("a"), connect={"on": "lead-lost"}), "connect.on", "lead-assigned"),
        (
            sequence("s", mail("a"), connect={"on": "lead-qualified", "models": ["m", "m"]}),
            "connect.models.1",
            "again",
        ),
        (sequence("s", email("e", due_within="0h")), "steps.0.due_within", "more than zero"),
        (
            sequence(
                "s", mail("a"), connect={"on": "lead-assigned", "when": {"field": "status", "equals": "qualified"}}
            ),
            "connect.when",
            "by an open lead",
        ),
        (
            sequence("s", branch("x", {"when": {"field": "status", "not_equals": "open"}}, [mail("a")], [mail("b")])),
            "steps.0.branch.when",
            "by an open lead",
        ),
        (
            sequence("s", mail("a"), connect={"on": "lead-qualified", **WHEN}, exit={"when": WHEN["when"]}),
            "exit.when",
            "nobody would ever be connected",
        ),
        (
            sequence("s", mail("a"), exit={"when": {"field": "status", "equals": "open"}}),
            "exit.when",
            "nobody would ever be connected",
        ),
        (
            sequence("s", branch("x", {"when": {"equals": 1}}, [mail("a")], [])),
            "steps.0.branch.when",
            "a field or an attribute",
        ),
        (sequence("s"), "steps", "must not be empty"),
        (sequence("s", {"id": "x", "kind": "dance"}), "steps.0.kind", "phone_call"),
    ],
)
def test_it_is_refused_by_name(definition: dict[str, Any], where: str, says: str) -> None:
    problems = [
        (".".join(map(str, path)), message) for path, message in in_english(KIND.problems_of(definition, OTHERS))
    ]
    assert [place for place, _ in problems] == [where], problems
    assert any(one in problems[0][1] for one in says.split("|")), problems


def test_five_levels_and_every_kind_of_step_are_taken() -> None:
    call = {"id": "call", "kind": "phone_call"}
    reached = branch("r", {"result_of": "call", "equals": "reached"}, [advance("go", "t")], [mail("m")])
    definition = sequence("s", deep(5), call, wait("w", "30d"), reached, mail("z"))
    assert KIND.problems_of(definition, OTHERS) == []


def test_what_a_file_cannot_know_is_not_said_of_it() -> None:
    assert KIND.problems_of(sequence("s", mail("a"), advance("go", "tt"))) == []


@pytest.mark.parametrize(("kind", "found"), [("sms", "another text"), (5, "a number"), (None, "null")])
def test_an_unknown_kind_of_step_is_told_with_all_that_there_are(kind: object, found: str) -> None:
    kinds = "email, phone_call, task, automated_email, wait, update_field, advance"
    assert in_english(KIND.problems_of(sequence("s", {"id": "a", "kind": kind}))) == [
        (("steps", 0, "kind"), f"must be one of {kinds}, found {found}")
    ]
