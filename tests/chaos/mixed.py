"""The cell whose models change while its leads are scored: what was sent about it, and an explanation of what came."""

from __future__ import annotations

import json
from collections import defaultdict
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tests.chaos.interleaving import Explained, Search, Sweep, Turn
from tests.oracle.lead import Lead
from tests.oracle.oracle import Oracle
from tests.oracle.reading import Bad, Input, message, moment, score
from tests.oracle.registry import Registry

MIXED = "mix"


class Mixed:
    """Takes its records out of what goes in; `leads` and `qualified` are for the comparison, once explained."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._before: Registry = deepcopy(oracle.registry)
        self._turns: list[Turn] = []
        self._scores: dict[str, list[Input]] = defaultdict(list)
        self._explained: dict[str, int] = defaultdict(int)
        self.leads: dict[str, Lead] = {}
        self.qualified: list[dict[str, Any]] = []

    def takes(self, record: Input) -> bool:
        """True: the record is a score of this cell, and nothing for the oracle."""
        if record.topic != "lead-score-changed":
            return False
        try:
            lead_id = str(score(record, self._oracle.partitions)["lead_id"])
        except Bad:
            return False
        if not lead_id.startswith(f"{MIXED}-"):
            return False
        self._scores[lead_id].append(record)
        self._oracle.events[record.topic] += 1
        self._oracle.ever.add(lead_id)
        return True

    def replayed(self, record: Input) -> None:
        """The oracle has replayed this record."""
        if record.topic != "qualification-commands":
            return
        told = message(record)
        name = told["qualification_model_id"]
        if not name.startswith(f"{MIXED}-"):
            return
        model = self._oracle.registry.models.get(name)
        accepted, version = self._oracle.answers[told["command_id"]]
        first = told["command_id"] not in {
            turn.sweep.trigger["event_id"] for turn in self._turns if turn.sweep is not None
        }
        sweep = None
        if (
            first
            and accepted
            and told["command"] == "publish"
            and model is not None
            and model.version == version
            and model.definition.get("existing_leads", "evaluate") == "evaluate"
        ):
            trigger = {
                "event_id": told["command_id"],
                "topic": record.topic,
                "partition": 0,
                "offset": record.offset,
            }
            sweep = Sweep(name, version, moment(told["issued_at"]), trigger)
        self._turns.append(Turn(deepcopy(self._oracle.registry), sweep))

    def explain(self, found: list[Input]) -> list[str]:
        """Explain all events so far; every lead of which some cannot be."""
        events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in found:
            event = json.loads(record.value or b"{}")
            if event["lead_id"].startswith(f"{MIXED}-"):
                events[event["lead_id"]].append(event)
        wrong = []
        explained: dict[str, Explained] = {}
        for lead_id in sorted({*self._scores, *self.leads, *events}):
            search = Search(
                lead_id,
                self._before,
                self._turns,
                self._scores[lead_id],
                events[lead_id][self._explained[lead_id] :],
                self._oracle.partitions,
            )
            told = search.explain(self.leads.get(lead_id))
            if told is None:
                wrong.append(
                    f"no order of scores and commands explains {lead_id}: {search.found}\n"
                    f" scores: {[(one.partition, one.offset, one.value) for one in search.scores]}"
                )
                continue
            explained[lead_id] = told
        if wrong:
            return wrong  # all of it again, when asked again
        for lead_id, told in explained.items():
            if told.lead is not None:
                self.leads[lead_id] = told.lead
            self.qualified += told.events
            self._explained[lead_id] += len(told.events)
        self._scores.clear()
        self._before, self._turns = deepcopy(self._oracle.registry), []
        return []

    def with_oracle(self) -> Oracle:
        """The oracle, this cell's leads and events included."""
        return replace(
            self._oracle,
            leads={**self._oracle.leads, **self.leads},
            qualified=[*self._oracle.qualified, *self.qualified],
        )
