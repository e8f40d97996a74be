"""What sales and marketing do in a chaos run: definitions of all four kinds, sellers, answers to steps, connections."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import KafkaException

from tests.chaos.background_thread import BackgroundThread
from tests.chaos.cells import Sent
from tests.oracle.reading import Input
from tests.support.messages import encode, new_id

SELLERS = (*(f"S-{number}" for number in range(6)), "U-1", "U-2")
KINDS = ("journey", "assignment", "sequence", "follow-up")

_TICK_SECONDS = 0.25
#: Answers are dated so that no connection is younger than they are, whatever the clock was when it was made.
_LATER = timedelta(hours=1)


def definitions(kind: str, dice: random.Random) -> list[dict[str, Any]]:
    """Of one kind, the same ids every time, and details by chance."""
    return list(_MAKERS[kind](dice))


def _journeys(dice: random.Random) -> Iterator[dict[str, Any]]:
    yield {
        "id": "ready",
        "trigger": {"changed": "sales_ready", "to": True},
        "reentry": {"policy": "always"},
        "payload": [{"field": "owner_id", "as": "owner"}, {"attribute": "country"}],
    }
    yield {
        "id": "welcome",
        "trigger": {"event": "lead-qualified"},
        "exclude": {"attribute": "country", "equals": dice.choice(("DE", "FR"))},
    }
    yield {
        "id": "again",
        "trigger": {"changed": "status_reason", "to": "marketing_qualified"},
        "reentry": {"policy": "after", "after": dice.choice(("2s", "5s", "20s"))},
    }


def _assignments(dice: random.Random) -> Iterator[dict[str, Any]]:
    ready = {"field": "sales_ready", "equals": True}
    yield {
        "id": "sales",
        "departed": dice.choice(("keep", "reassign")),
        "segments": [
            {"id": "none", "priority": 9, "when": {"attribute": "größe", "equals": True}, "rules": []},
            {
                "id": "german",
                "priority": 5,
                "when": {"attribute": "country", "equals": "DE"},
                "rules": [
                    {
                        "id": "balanced",
                        "when": ready,
                        "sellers": {"when": {"attribute": "region", "equals": dice.choice(("north", "south"))}},
                        "distribute": "load_balancing",
                        "available_within": "2h",
                    },
                    {"id": "team", "team": {"when": {"attribute": "region", "equals": "north"}}},
                ],
            },
            {
                "id": "rest",
                "priority": 1,
                "rules": [{"id": "turns", "sellers": {"ids": sorted(dice.sample(SELLERS, 5))}}],
            },
        ],
        "teams": [
            {"id": f"T-{number}", "attributes": {"region": dice.choice(("north", "south"))}} for number in (1, 2)
        ],
    }


def _sequences(dice: random.Random) -> Iterator[dict[str, Any]]:
    yield {
        "id": "nurture",
        "exit": {"on_reply": False},
        "steps": [
            {"id": "letter", "kind": "automated_email"},
            {
                "id": "answered",
                "branch": {"replied": True, "within": "3s"},
                "yes": [{"id": "warm", "kind": "update_field", "attribute": "warm", "value": True}],
                "no": [{"id": f"again-{dice.randrange(3)}", "kind": "automated_email"}],
            },
        ],
    }
    yield {
        "id": "contact",
        "connect": {"on": "lead-assigned", "wait": "1s"},
        "exit": {"when": {"attribute": "revenue", "equals": 1200000}},
        "steps": [
            {"id": "hello", "kind": "automated_email", "template": "hello"},
            {"id": "breathe", "kind": "wait", "for": dice.choice(("2s", "4s", "25s"))},
            {"id": "call", "kind": "phone_call", "subject": "Call"},
            {
                "id": "reached",
                "branch": {"result_of": "call", "equals": "reached"},
                "yes": [{"id": "note", "kind": "task"}],
                "no": [{"id": "later", "kind": "advance", "to": "nurture"}],
            },
        ],
    }
    yield {
        "id": "direct",
        "connect": {"on": "lead-qualified", "when": {"field": "sales_ready", "equals": True}},
        "steps": [{"id": "pause", "kind": "wait", "for": "3s"}, {"id": "do", "kind": "task"}],
    }


def _follow_ups(dice: random.Random) -> Iterator[dict[str, Any]]:
    yield {
        "id": "soon",
        "stages": [
            {"on": "lead-qualified", "within": "3s"},
            {"on": "lead-assigned", "within": dice.choice(("4s", "30s")), "repeat": {"every": "3s", "times": 2}},
        ],
    }
    yield {
        "id": "german",
        "when": {"attribute": "country", "equals": "DE"},
        "stages": [{"on": "lead-qualified", "within": dice.choice(("2s", "6s"))}],
    }


_MAKERS: dict[str, Callable[[random.Random], Iterator[dict[str, Any]]]] = {
    "journey": _journeys,
    "assignment": _assignments,
    "sequence": _sequences,
    "follow-up": _follow_ups,
}


def order(command: str, definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A command on a definition."""
    told = {
        "command_id": new_id(),
        "definition_id": definition["id"],
        "command": command,
        "issued_by": "tester",
        "issued_at": _now(),
        **more,
    }
    return {**told, "definition": definition} if command == "apply" else told


def seller(seller_id: str, dice: random.Random) -> dict[str, Any]:
    """A seller as they are now."""
    told = {
        "event_id": new_id(),
        "seller_id": seller_id,
        "occurred_at": _now(),
        "time_zone": "UTC",
        "attributes": {"region": dice.choice(("north", "south"))},
        "capacity": {"max": dice.choice((0, 20, 100, 250))},
        "available": dice.random() < 0.9,
        "status": "active" if dice.random() < 0.9 else "inactive",
    }
    if dice.random() < 0.2:
        # a shift that ends, or begins, while the run goes on
        now = datetime.now(UTC)
        shift = sorted((f"{now:%H:%M}", f"{now + timedelta(minutes=dice.choice((1, 2, -2))):%H:%M}"))
        told["work_hours"] = {day: [shift] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    return told


class Sales:
    """Does all that, while a phase lasts. `send` takes topic, key and value; `steps` gives the steps that are due so
    far, read anew.
    """

    def __init__(
        self,
        send: Callable[[str, bytes | None, bytes | None], None],
        steps: Callable[[], Sequence[Input]],
        leads: Sequence[str],
        dice: random.Random,
    ) -> None:
        self._send = send
        self._steps = steps
        self._leads = leads
        self._dice = dice
        self._answered = len(steps())
        self._thread = BackgroundThread("sales", self._run)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """No more from now on."""
        self._thread.end()

    def _run(self, ending: threading.Event) -> None:
        replaced_at = self._dice.uniform(2, 8)
        began = time.monotonic()
        while not ending.wait(_TICK_SECONDS):
            for topic, key, value in self._happen():
                self._send(topic, key, value)
            if time.monotonic() - began > replaced_at:
                replaced_at = float("inf")
                self._replace(self._dice.choice(KINDS))

    def _replace(self, kind: str) -> None:
        for definition in definitions(kind, self._dice):
            if kind != "assignment" and self._dice.random() < 0.4:
                # some go, and come again
                for what in ("stop", "apply", "publish"):
                    self._send(f"{kind}-commands", definition["id"].encode(), encode(order(what, definition)))
                continue
            for command, more in (("apply", {"draft": True}), ("publish", {"replace": True})):
                told = order(command, definition, **more)
                self._send(f"{kind}-commands", definition["id"].encode(), encode(told))

    def _happen(self) -> Iterator[Sent]:
        dice = self._dice
        yield from self._answers()
        for _ in range(3):
            lead_id = dice.choice(self._leads)
            told = {
                **_about(lead_id),
                "sequence_id": dice.choice(("direct", "nurture", "contact")),
                "action": dice.choice(("connect", "connect", "disconnect")),
            }
            if told["action"] == "connect" and dice.random() < 0.3:
                told["wait"] = "2s"
            yield "sequence-connections", lead_id.encode(), encode(told)
        if dice.random() < 0.3:
            seller_id = dice.choice(SELLERS)
            yield "seller-changed", seller_id.encode(), encode(seller(seller_id, dice))
        if dice.random() < 0.1:
            yield dice.choice(
                (
                    ("seller-changed", b"S-1", encode({**seller("S-1", dice), "time_zone": "Europe/Atlantis"})),
                    ("sequence-connections", b"nobody", b'{"lead_id": "nobody"}'),
                    ("activity-completed", b"nobody", b"{"),
                )
            )

    def _answers(self) -> Iterator[Sent]:
        dice = self._dice
        try:
            steps = self._steps()
        except (KafkaException, AssertionError):
            return  # a broker that is only coming up
        new, self._answered = steps[self._answered :], len(steps)
        for record in new:
            step = json.loads(record.value or b"{}")
            key = step["lead_id"].encode()
            if dice.random() < 0.6:
                kind = "other" if step["kind"] == "update_field" else step["kind"]
                told = {**_about(step["lead_id"]), "kind": kind, "step_event_id": step["event_id"]}
                told["result"] = dice.choice(("reached", "voicemail"))
                yield "activity-completed", key, encode(told)
                if dice.random() < 0.1:
                    yield "activity-completed", key, encode(told)  # as senders do that are not sure
            elif dice.random() < 0.3:
                told = {**_about(step["lead_id"]), "kind": "reply"}
                yield "activity-completed", key, encode(told | ({"automatic": True} if dice.random() < 0.5 else {}))


def _about(lead_id: str) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "lead_id": lead_id,
        "occurred_at": (datetime.now(UTC) + _LATER).isoformat(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
