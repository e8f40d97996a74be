"""Published assignment definitions: segments by priority, each with its rules in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from lead_qualifier.definitions.entries import Entry
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.qualification.conditions import Condition, Test, Values, condition_of, holds


class TeamOrQueue(Struct, frozen=True):
    """A team or a queue, as a definition names it."""

    id: str
    attributes: dict[str, Any]


class Rule(Struct, frozen=True, kw_only=True):
    """`target`: seller, team or queue. It may take those in `ids`, or else those who meet `meets`."""

    id: str
    when: Condition
    target: str
    ids: tuple[str, ...] | None
    meets: Condition
    balanced: bool
    within: timedelta
    compared: tuple[str, ...]

    def may_take(self, identity: str, attributes: Mapping[str, Any], lead: Mapping[str, Any]) -> bool:
        """May the rule assign a lead with these attributes to this seller, team or queue?"""
        if self.ids is not None:
            return identity in self.ids
        return holds(self.meets, Values({}, attributes, lead))

    def signature(self, lead: Mapping[str, Any]) -> tuple[Any, ...]:
        """The lead's attributes that it compares with sellers': leads with equal ones have the same candidates."""
        return tuple((type(value := lead.get(name)).__name__, value) for name in self.compared)


class Segment(Struct, frozen=True):
    """A group of leads, and the rules for it."""

    id: str
    when: Condition
    rules: tuple[Rule, ...]


class AssignmentRules(Struct, frozen=True, kw_only=True):
    """A published definition. `models` None: takes leads of any qualification model. `reassigns`: takes leads back from
    departed sellers.
    """

    id: str
    version: int
    models: frozenset[str] | None
    max_age: timedelta | None
    checks_capacity: bool
    reassigns: bool
    segments: tuple[Segment, ...]
    teams: tuple[TeamOrQueue, ...]
    queues: tuple[TeamOrQueue, ...]

    def takes(self, model_id: str) -> bool:
        """Does it take leads of this qualification model?"""
        return self.models is None or model_id in self.models

    def route(self, values: Values) -> tuple[Segment | None, Rule | None]:
        """The one segment of a lead, and in it the first rule that matches."""
        for segment in self.segments:
            if holds(segment.when, values):
                return segment, next((rule for rule in segment.rules if holds(rule.when, values)), None)
        return None, None

    def find(self, segment_id: str | None, rule_id: str | None) -> tuple[Segment, Rule] | None:
        """The rule that a decision names, if it is one of these."""
        for segment in self.segments:
            for rule in segment.rules:
                if (segment.id, rule.id) == (segment_id, rule_id):
                    return segment, rule
        return None


def rules_of(definition: Mapping[str, Any], version: int) -> AssignmentRules:
    """The rules of a valid definition."""
    models = definition.get("models")
    age = definition.get("max_age")
    by_priority = sorted(definition["segments"], key=lambda one: -int(one["priority"]))
    return AssignmentRules(
        id=definition["id"],
        version=version,
        models=None if models is None else frozenset(models),
        max_age=None if age is None else parse_duration(age),
        checks_capacity=definition.get("check_capacity", True),
        reassigns=definition.get("departed") == "reassign",
        segments=tuple(
            Segment(one["id"], condition_of(one.get("when")), tuple(_rule(rule) for rule in one["rules"]))
            for one in by_priority
        ),
        teams=tuple(TeamOrQueue(one["id"], one.get("attributes", {})) for one in definition.get("teams", ())),
        queues=tuple(TeamOrQueue(one["id"], one.get("attributes", {})) for one in definition.get("queues", ())),
    )


def _rule(rule: Mapping[str, Any]) -> Rule:
    target, name = next((word, key) for word, key in TARGETS if key in rule)
    whom = rule[name]
    ids = tuple(whom["ids"]) if "ids" in whom else (whom["id"],) if "id" in whom else None
    meets = condition_of(whom.get("when"))
    return Rule(
        id=rule["id"],
        when=condition_of(rule.get("when")),
        target=target,
        ids=ids,
        meets=meets,
        balanced=rule.get("distribute") == "load_balancing",
        within=parse_duration(rule["available_within"]) if "available_within" in rule else timedelta(0),
        compared=tuple(sorted(set(_compared(meets)))),
    )


TARGETS = (("seller", "sellers"), ("team", "team"), ("queue", "queue"))
"""What a rule assigns to, and the definition's field for it."""


def _compared(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Test):
        if condition.operator == "same_as":
            yield condition.operand
    else:
        for one in condition.members:
            yield from _compared(one)


def live_rules(entries: Iterable[Entry]) -> tuple[AssignmentRules, ...]:
    """The live ones, by id."""
    return tuple(
        rules_of(entry.published, entry.version)
        for entry in sorted(entries, key=lambda one: one.id)
        if entry.status == "live" and entry.published is not None
    )
