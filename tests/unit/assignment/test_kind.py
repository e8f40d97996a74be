"""What is refused in an assignment definition, by name, and how to mend it."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest

from lead_qualifier.assignment.kind import KIND, kind_with_sellers
from lead_qualifier.definitions.commands import CommandResult, DefinitionCommand
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.definitions.registry import DefinitionRegistry
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.assigner_harness import T0, definition, rule, segment
from tests.support.problems import in_english
from tests.unit.assignment.test_processor import DEFINITION

NORTH = {"attribute": "region", "equals": "north"}
SOUTH = {"attribute": "region", "equals": "south"}
LARGE = {"attribute": "size", "at_least": 5}
SELLERS: dict[str, Any] = {"S-1": None, "S-2": None}


def segments(count: int) -> list[dict[str, Any]]:
    return [
        segment(rule(), name=f"s{number}", priority=number, when={"attribute": "size", "equals": number})
        for number in range(count)
    ]


def rules(count: int) -> list[dict[str, Any]]:
    return [rule(f"r{number}", when={"attribute": "size", "equals": number}) for number in range(count)]


def told(problems: list[Any]) -> list[tuple[str, str]]:
    return [(".".join(map(str, where)), message) for where, message in in_english(problems)]


@pytest.mark.parametrize(
    ("what", "where", "says"),
    [
        (
            definition(segment(rule(sellers={"ids": ["S-1", "S-11"]}))),
            "segments.0.rules.0.sellers.ids.1",
            "there is no seller S-11: did you mean S-1?",
        ),
        (
            definition(segment(rule(), name="a", priority=5, when=NORTH), segment(rule(), name="b", priority=5)),
            "segments.1.priority",
            "5 is already the priority of a: give b another one",
        ),
        (
            definition(segment(rule(), when={**LARGE, "below": 5})),
            "segments.0.when",
            "can never be met: no value of size",
        ),
        (definition(segment(rule(when={**NORTH, "exists": False}))), "segments.0.rules.0.when", "no value of region"),
        (
            definition(segment(rule(sellers={"when": {**NORTH, "not_equals": "north"}}))),
            "segments.0.rules.0.sellers.when",
            "no value of region",
        ),
        (
            definition(segment(rule(when=SOUTH), name="north", when=NORTH)),
            "segments.0.rules.0.when",
            "can never be met in segment north: no value of region",
        ),
        (
            definition(segment(rule(), name="low", when=NORTH), segment(rule(), name="top", priority=9)),
            "segments.0",
            "can never match: segment top before it takes all its leads",
        ),
        (
            definition(segment(rule("any"), rule("other", when=NORTH))),
            "segments.0.rules.1",
            "can never match: rule any before it takes all its leads",
        ),
        (
            definition(segment(rule("first", when=NORTH), rule("second", when=LARGE), rule("third", when=NORTH))),
            "segments.0.rules.2",
            "can never match: rule first before it takes all its leads",
        ),
        (
            definition(segment(rule("first", when={"attribute": "size", "at_least": 3}), rule("second", when=LARGE))),
            "segments.0.rules.1",
            "can never match: rule first before it takes all its leads",
        ),
        (
            definition(segment(rule(when={"field": "status", "equals": "disqualified"}))),
            "segments.0.rules.0.when",
            "can never be met by an open lead",
        ),
        (definition(*segments(251)), "segments", "at most 250"),
        (definition(segment(*rules(11))), "segments.0.rules", "at most 10"),
        (
            definition(segment(rule("a", when=NORTH), rule("a"))),
            "segments.0.rules.1.id",
            "a is already the id of a: give a another one",
        ),
        (
            definition(segment(rule(team={"id": "T2"})), teams=[{"id": "T1"}]),
            "segments.0.rules.0.team.id",
            "no team T2",
        ),
        (definition(segment({"id": "nobody"})), "segments.0.rules.0", "exactly one of sellers, team and queue"),
        (
            definition(segment(rule(queue={"id": "Q"}, distribute="round_robin")), queues=[{"id": "Q"}]),
            "segments.0.rules.0.distribute",
            "sellers only",
        ),
        (
            definition(segment(rule(available_within="121h"))),
            "segments.0.rules.0.available_within",
            "is not of the form",
        ),
    ],
)
def test_it_is_refused_by_name(what: dict[str, Any], where: str, says: str) -> None:
    [(place, message)] = told(kind_with_sellers(SELLERS).problems_of(what, {}))
    assert place == where
    assert says in message


def test_as_many_segments_and_rules_as_there_may_be_are_taken() -> None:
    assert KIND.problems_of(definition(*segments(249), segment(*rules(10), name="full", priority=-1)), {}) == []


def test_what_each_segment_and_rule_may_still_get_is_taken() -> None:
    assert KIND.problems_of(DEFINITION, {}) == []
    number, flag = ({"attribute": "size", "equals": value} for value in (1, True))
    assert KIND.problems_of(definition(segment(rule("n", when=number), rule("f", when=flag))), {}) == []
    low = segment(rule("n", when=NORTH), rule("rest"), name="low", when=LARGE)
    high = segment(rule("n", when={"all": [NORTH, LARGE]}), rule("s", when=SOUTH), name="high", priority=2, when=LARGE)
    assert told(KIND.problems_of(definition(low, high), {})) == [
        (
            "segments.0",
            "can never match: segment high before it takes all its leads; change the order or a condition",
        )
    ]
    assert KIND.problems_of(definition({**low, "when": {"attribute": "size", "at_least": 3}}, high), {}) == []


def test_who_a_file_cannot_know_is_not_asked_of_it() -> None:
    assert KIND.problems_of(definition(segment(rule(sellers={"ids": ["S-11"]})))) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        (None, None, "every model"),
        (None, ["M1"], "M1"),
        (["M1"], None, "M1"),
        (["M1", "M2"], ["M2", "M3"], "M2"),
        (["M1"], ["M2"], None),
    ],
)
def test_two_that_take_leads_of_the_same_model_cannot_both_run(
    mine: list[str] | None, theirs: list[str] | None, both: str | None
) -> None:
    def taking(models: list[str] | None) -> dict[str, Any]:
        return definition(segment(rule())) | ({} if models is None else {"models": models})

    conflicts = KIND.conflicts(taking(mine), {"other": taking(theirs)})
    found = told(list(conflicts))
    assert found == (
        []
        if both is None
        else [("models", f"other is live and takes leads of {both} too: stop it, or name other models")]
    )


def handled(registry: DefinitionRegistry, kind: Kind, action: Any, what: dict[str, Any]) -> CommandResult[Entry]:
    """The result of a command on this definition."""
    command = DefinitionCommand(
        action=action,
        id=what["id"],
        command_id=f"{action} at {registry.revision}",
        issued_by="a",
        issued_at=T0,
        definition=what if action == "apply" else None,
    )
    return registry.handle(command, kind, IN_ENGLISH, lambda _entry: True)


def refused(kind: Kind, what: dict[str, Any]) -> tuple[str, float]:
    """The message of an apply, and how many seconds of the processor it took."""
    begun = process_time()
    result = handled(DefinitionRegistry(), kind, "apply", what)
    return result.message, process_time() - begun


def test_hundreds_of_unknown_sellers_are_told_briefly_and_soon() -> None:
    sellers = {f"seller-{number:04}": None for number in range(1_000)}
    mistyped = definition(segment(rule(sellers={"ids": [f"seler-{number:04}" for number in range(300)]})))
    message, seconds = refused(kind_with_sellers(sellers), mistyped)
    lines = message.split("\n")
    assert len(lines) == 11
    assert lines[0].endswith("there is no seller seler-0000: did you mean seller-0000?")
    assert lines[9].endswith("there is no seller seler-0009: did you mean seller-0009?")
    assert lines[10] == "and 290 more"
    assert seconds < 1


def test_sellers_of_whom_none_is_near_are_counted_and_not_listed() -> None:
    sellers = {f"0190b3fd-{number:04}": None for number in range(1_000)}
    message, _ = refused(kind_with_sellers(sellers), definition(segment(rule(sellers={"ids": ["wendelin"]}))))
    assert message.endswith("there is no seller wendelin: none of the 1,000 known names is similar")


@pytest.mark.parametrize(("fields", "message"), [({}, "draft saved"), ({"max_age": "x"}, "max_age")])
def test_many_nested_alternatives_are_checked_soon(fields: dict[str, str], message: str) -> None:
    when = {"all": [{"any": [{"attribute": f"a{one}", "equals": value} for value in range(6)]} for one in range(6)]}
    what = definition(
        *(
            segment(*(rule(f"r{one}", when=when) for one in range(5)), name=f"s{number}", priority=number, when=when)
            for number in range(100)
        ),
        **fields,
    )
    told_of, seconds = refused(KIND, what)
    assert message in told_of
    assert seconds < 2


def test_naming_a_departed_seller_is_a_warning_only() -> None:
    kind = kind_with_sellers({"S-1": "left", "S-2": "inactive", "S-3": None})
    what = definition(segment(rule(sellers={"ids": ["S-1", "S-2", "S-3"]})))
    assert kind.problems_of(what, {}) == []
    registry = DefinitionRegistry()
    for action, code in (("apply", "applied"), ("apply", "unchanged"), ("publish", "published")):
        result = handled(registry, kind, action, what)
        assert (result.accepted, result.code) == (True, code)
        assert [one.partition(" and gets no leads: ")[0] for one in result.warnings] == [
            "segments.0.rules.0.sellers.ids.0: seller S-1 has left",
            "segments.0.rules.0.sellers.ids.1: seller S-2 is inactive",
        ]
        assert result.stored
        registry = registry.after(result)


def test_no_seller_who_has_left_is_taken_for_the_one_meant() -> None:
    what = definition(segment(rule(sellers={"ids": ["seller-10"]})))
    harness = kind_with_sellers({"seller-1": "left", "seller-25": None})
    assert [message for _, message in in_english(harness.problems_of(what, {}))] == [
        "there is no seller seller-10: did you mean seller-25?"
    ]
