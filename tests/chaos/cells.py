"""Cells: groups of leads with scoring models and qualification models of their own, and what is sent about them.

Nothing that happens in one cell has an effect in another. So within a phase one cell may get scores (half of its leads)
and lead changes (the other half) while the criteria of another change, and what must come out does not depend on the
order between topics.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.oracle.registry import Registry
from tests.support import messages
from tests.support.models import MODELS
from tests.support.workload import SCORING_MODELS, Workload

_ON_REJECTION: tuple[dict[str, Any] | None, ...] = (
    None,
    {"requalify": False},
    {"cool_down": "3h"},
    {"requalify": False, "reasons": {"no budget": {"requalify": True, "cool_down": "30m"}}},
)
_NAMED = b'"scoring_model_id": "'
Sent = tuple[str, bytes | None, bytes | None]
"""Topic, key and value."""


class Cell:
    """`name` is part of every id in it."""

    def __init__(self, name: str, seed: int, leads: int) -> None:
        self.name = name
        self.random = random.Random(f"{name} {seed}")
        self.workload = Workload(self.random.randrange(2**32), leads)
        self.workload.leads = [f"{name}-{lead_id}" for lead_id in self.workload.leads]
        self._scored: list[str] = []
        self._changed: list[str] = []
        self._merging: list[str] = []
        self._answered: list[str] = []
        self._seen: set[str] = set()

    def scoring_models(self) -> list[str]:
        return [f"{self.name}-{name}" for name in SCORING_MODELS]

    def definition(self, number: int) -> dict[str, Any]:
        """One of the models, its thresholds moved a little."""
        of = MODELS[number % len(MODELS)]
        criteria = [self._moved(one) for one in of["criteria"]]
        existing = self.random.choice(("evaluate", "evaluate", "ignore"))
        definition = {**of, "id": f"{self.name}-{of['id']}", "criteria": criteria, "existing_leads": existing}
        on_rejection = self.random.choice(_ON_REJECTION)
        if on_rejection is not None and of.get("requalification", {}).get("policy") != "never":
            definition["on_rejection"] = on_rejection
        return definition

    def _moved(self, one: dict[str, Any]) -> dict[str, Any]:
        """A criterion of this cell, or a group of them however deep."""
        if "scoring_model" not in one:
            return {
                name: [self._moved(member) for member in part] if isinstance(part, list) else part
                for name, part in one.items()
            }
        by = self.random.choice((-10, 0, 2.5))
        moved = {**one, "scoring_model": f"{self.name}-{one['scoring_model']}"}
        for bound in {"threshold", "drop_below"} & one.keys():
            moved[bound] += by
        if "max_age" in one:  # some scores have expired, those to come have not
            moved["max_age"] = messages.max_age(self.workload.minutes - self.random.choice((300, 1000, 3000)))
        return moved

    def begin_stream(self, *, scored: float = 2 / 3) -> None:
        """Choose which leads get scores, until the next call; `scored`: their share. Of the others a third each are
        merged, answered by sales, and changed.

        Of leads that were merged into each other one at most has a part: what goes over from it is then the only thing
        that happens to the others, whatever comes first.
        """
        leads = self.workload.one_of_each_family()
        self.random.shuffle(leads)
        count = round(len(leads) * scored)
        third = (len(leads) - count) // 3
        merging, answered = count + third, count + 2 * third
        self._scored, self._merging = leads[:count], leads[count:merging]
        self._answered, self._changed = leads[merging:answered], leads[answered:]
        self._seen = set()

    def stream(self, count: int, *, skew: float = 0.0) -> Iterator[Sent]:
        """Scores with a change, a merge or an answer of sales now and then, a few in a hundred of them bad; `skew`: how
        wrong clocks are (minutes).
        """
        self.workload.minutes += skew
        changes = sum(self.random.random() < 0.2 for _ in range(count)) if self._changed else 0
        for key, value in self.workload.scores(count - changes, broken=0.02, among=self._scored):
            yield "lead-score-changed", key, value and self._ours(value)
        for key, value in self.workload.changes(changes, broken=0.02, among=self._changed):
            yield "lead-changed", key, value
        merges = sum(self.random.random() < 0.01 for _ in range(count)) if self._merging else 0
        for key, value in self.workload.merges(merges, broken=0.02, among=self._merging, seen=self._seen):
            yield "lead-merged", key, value
        answers = sum(self.random.random() < 0.02 for _ in range(count)) if self._answered else 0
        for key, value in self.workload.answers(answers, broken=0.02, among=self._answered):
            yield "lead-sales-response", key, value
        self.workload.minutes -= skew

    def _ours(self, value: bytes) -> bytes:
        return value.replace(_NAMED, _NAMED + self.name.encode() + b"-")

    def commands(self, registry: Registry) -> list[dict[str, Any]]:
        """A change of one model, some of it refused, some repeated. Nothing that takes effect follows a publish: how
        far its sweep would be by then is chance.
        """
        number = self.random.randrange(len(MODELS))
        definition = self.definition(number)
        name, minutes = definition["id"], self.workload.minutes
        held = registry.models.get(name)
        if held is not None and held.live and self.random.random() < 0.5:
            wanted = [
                messages.command("publish", name, minutes, replace=True),  # refused: it has no draft
                messages.apply(self.definition(number), minutes, draft=True),
                messages.command("shadow", name, minutes, enabled=True),
                messages.apply(definition, minutes, draft=True),
                messages.command("publish", name, minutes, replace=True),
            ]
            return [one for one in wanted for _ in range(2 if self.random.random() < 0.3 else 1)]
        if held is not None and held.live:
            wanted = [
                messages.apply(definition, minutes),  # refused: it is live
                messages.command("stop", name, minutes),
            ]
            end = self.random.random()
            if end < 0.15:
                return [*wanted, messages.command("delete", name, minutes)]
            if end < 0.3:
                return wanted
        else:
            wanted = [messages.command("stop", name, minutes)]  # refused: it does not run
        wanted += [
            messages.apply(self.definition(number), minutes),
            messages.apply(definition, minutes),
            messages.command("publish", name, minutes),
            messages.command("publish", name, minutes),  # refused: it runs
        ]
        return [one for one in wanted for _ in range(2 if self.random.random() < 0.3 else 1)]

    def restless(self) -> list[dict[str, Any]]:
        """Changes of a few models in any order."""
        orders: list[dict[str, Any]] = []
        minutes = self.workload.minutes
        for _ in range(self.random.randrange(2, 5)):
            definition = self.definition(self.random.choice((0, 1, 2)))
            whole, swap = ("stop", "apply", "publish"), ("draft", "shadow", "replace")
            courses = (whole, whole, swap, swap, ("draft", "stop", "publish"), ("stop",), ("publish",), ("delete",))
            orders += [_order(what, definition, minutes) for what in self.random.choice(courses)]
        return orders


def _order(what: str, definition: dict[str, Any], minutes: float) -> dict[str, Any]:
    match what:
        case "apply":
            return messages.apply(definition, minutes)
        case "draft":
            return messages.apply(definition, minutes, draft=True)
        case "replace":
            return messages.command("publish", definition["id"], minutes, replace=True)
        case "shadow":
            return messages.command("shadow", definition["id"], minutes, enabled=True)
        case _:
            return messages.command(what, definition["id"], minutes)
