"""The search for an order: it finds the one that there was, and none for what cannot have been."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any

import pytest

from tests.chaos.interleaving import Event, Explained, Search
from tests.chaos.mixed import Mixed
from tests.oracle.oracle import Oracle
from tests.oracle.reading import Input
from tests.support import messages
from tests.support.messages import encode

LEAD = "mix-1"


def record(topic: str, offset: int, message: dict[str, Any]) -> Input:
    key = LEAD if topic == "lead-score-changed" else message.get("qualification_model_id", "any")
    return Input(topic, 0, offset, key.encode(), encode(message))


class History:
    """A seeded history of one lead: what went in, in the one order that there was, and what came out."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        truth, self.oracle = Oracle(1), Oracle(1)
        setting = [
            record("scoring-model-changed", 0, messages.scoring_model("mix-a", "live")),
            record("feature-commands", 0, messages.feature("enable")),
        ]
        for one in setting:
            truth.replay(one)
            self.oracle.replay(one)
        self.mixed = Mixed(self.oracle)
        self.ins: list[Input] = []
        for step in range(30):
            what = dice.random()
            model = messages.model(
                f"mix-{dice.choice('xy')}",
                "all",
                {"mix-a": dice.choice((20, 50, 80))},
                existing_leads=dice.choice(("evaluate", "ignore")),
                actions=dice.choice(({"sales_ready": True}, {"status_reason": "marketing_qualified"})),
            )
            if what < 0.5:
                told = messages.score(LEAD, "mix-a", dice.randrange(100), step)
                self.ins.append(record("lead-score-changed", step, told))
            else:
                order = dice.choice(
                    (messages.apply(model), *(messages.command(c, model["id"]) for c in ("publish", "stop")))
                )
                self.ins.append(record("qualification-commands", step, order))
            truth.replay(self.ins[-1])
        self.found: list[Event] = [
            json.loads(json.dumps({**event, "event_id": "any"}, default=lambda at: at.isoformat()))
            for event in truth.qualified
        ]
        self.lead = truth.leads.get(LEAD)

    def search(self, found: list[Event]) -> Explained | None:
        scores = []
        for one in self.ins:
            if self.mixed.takes(one):
                scores.append(one)
            else:
                self.oracle.replay(one)
                self.mixed.replayed(one)
        return Search(LEAD, self.mixed._before, self.mixed._turns, scores, found, 1).explain(None)


@pytest.mark.parametrize("seed", range(40))
def test_it_finds_an_order_that_explains_what_came_out(seed: int) -> None:
    history = History(seed)
    told = history.search(history.found)
    assert told is not None
    assert told.lead == history.lead


@pytest.mark.parametrize("seed", range(40))
def test_it_finds_none_when_an_event_comes_twice_or_tells_of_a_score_that_never_was(seed: int) -> None:
    history = History(seed)
    for at, event in enumerate(history.found):
        wrong = deepcopy(event)
        wrong["criteria"][0]["score"] = 1000
        assert History(seed).search([*history.found[:at], wrong, *history.found[at + 1 :]]) is None
        assert History(seed).search([*history.found[: at + 1], *history.found[at:]]) is None


def test_it_finds_none_when_an_event_is_missing() -> None:
    history = History(0)
    history.ins = [
        record("qualification-commands", 0, messages.apply(messages.model("mix-x", "all", {"mix-a": 50}))),
        record("qualification-commands", 1, messages.command("publish", "mix-x")),
        record("lead-score-changed", 0, messages.score(LEAD, "mix-a", 60, 1)),
    ]
    assert history.search([]) is None
