"""The report of a run: what went in and came out, which faults occurred, and every difference from the oracles."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from tests.chaos.chain import Chain, Figures
from tests.chaos.cluster import Cluster
from tests.oracle.reading import Input
from tests.support import comparison

LEAD_TOPICS = ("lead-score-changed", "lead-changed", "lead-merged", "lead-sales-response")


@dataclass
class Report:
    """`seconds`: of the whole run. `slowest_drain`: from the end of the last fault until all was decided (seconds)."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    bad_input: Counter[str] = field(default_factory=Counter)
    """Unfit input and bad moments, by kind."""
    pauses: dict[str, list[float]] = field(default_factory=dict)
    """Of each partition, by kind of fault: the longest time without a commit around each fault (seconds)."""
    seconds: float = 0.0
    slowest_drain: float = 0.0
    events: int = 0
    qualified: int = 0
    dead_letters: int = 0
    merges: int = 0
    commands: int = 0
    replacements: int = 0
    leads: int = 0
    worker_starts: int = 0
    broker_repairs: int = 0
    gave_up: Counter[str] = field(default_factory=Counter)
    chain: Figures = field(default_factory=Figures)
    differences: list[str] = field(default_factory=list)

    def compare(self, cluster: Cluster, chain: Chain) -> None:
        """Compare everything so far; what differs is in `differences` afterwards."""
        cluster.outs.read()
        found = cluster.outs.records
        unexplained = cluster.mixed.explain(found["lead-qualified"])
        oracle = cluster.mixed.with_oracle()
        self.differences = [
            *([f"not decided in time: it waited for {cluster.undrained}"] if cluster.undrained else []),
            *unexplained,
            *_steps_back(found["lead-qualified"]),
            *comparison.differences(oracle, found["lead-qualified"]),
            *comparison.recycled_differences(oracle, found["lead-recycled"]),
            *(f"state: {one}" for one in comparison.state_differences(oracle, found["lead-state"])),
            *(
                f"dead letters: {one}"
                for one in comparison.dead_letter_differences(oracle, found["lead-dead-letters"], cluster.prefix)
            ),
            *_answer_differences(cluster),
            *chain.differences(),
        ]
        self.chain = chain.figures
        self.events = sum(cluster.oracle.events[topic] for topic in LEAD_TOPICS)
        self.commands = len(oracle.answers)
        self.merges = sum(lead.merged_into is not None for lead in cluster.oracle.leads.values())
        self.replacements = oracle.registry.replacements
        self.qualified, self.dead_letters = len(found["lead-qualified"]), len(found["lead-dead-letters"])
        self.leads = len(oracle.ever)
        self.broker_repairs = cluster.broker_repairs
        self.worker_starts, self.gave_up = len(cluster.workers), cluster.gave_up

    def count(self, *kinds: str) -> int:
        return sum(one.startswith(kinds) for one in self.differences)

    def table(self) -> list[tuple[str, str]]:
        """Names and figures."""
        missing, out_of_order = self.count("missing"), self.count("order of")
        twice = sum(" times: " in one[:12] for one in self.differences)
        of_others = self.count("state:", "dead letters:", "answer", "chain:")
        wrong = len(self.differences) - missing - out_of_order - twice - of_others
        return [
            ("seed", str(self.seed)),
            ("faults", f"{self.faults.total()}"),
            *((f"  {kind}", str(count)) for kind, count in sorted(self.faults.items())),
            ("pause of a partition, median / longest (s)", ""),
            *(
                (f"  {kind}", f"{median(found):.1f} / {max(found):.1f}")
                for kind, found in sorted(self.pauses.items())
                if found
            ),
            ("seconds", f"{self.seconds:.0f}"),
            ("input records", f"{self.events}"),
            ("commands", f"{self.commands}"),
            ("  drafts that replaced what was live", f"{self.replacements}"),
            ("leads", f"{self.leads}"),
            ("qualifications", f"{self.qualified}"),
            ("dead letters", f"{self.dead_letters}"),
            *((kind, f"{count}") for kind, count in sorted(self.bad_input.items())),
            ("leads merged", f"{self.merges}"),
            ("downstream: definitions changed", f"{self.chain.definitions}"),
            ("  cycles compared", f"{self.chain.cycles}"),
            *((f"  {topic}", f"{count}") for topic, count in sorted(self.chain.told.items())),
            *((f"    of result code {code}", f"{count}") for code, count in sorted(self.chain.codes.items())),
            ("  dead letters", f"{self.chain.dead_letters}"),
            ("  slowest to catch up (s)", f"{self.chain.slowest_drain:.1f}"),
            ("workers and services started", f"{self.worker_starts}"),
            ("  of them after one gave up", f"{self.gave_up.total()}"),
            ("broker restarts it needed itself", f"{self.broker_repairs}"),
            ("slowest to catch up (s)", f"{self.slowest_drain:.1f}"),
            ("missing", f"{missing}"),
            ("twice", f"{twice}"),
            ("wrong or too many", f"{wrong}"),
            ("out of order", f"{out_of_order}"),
            ("states that differ", f"{self.count('state:')}"),
            ("dead letters that differ", f"{self.count('dead letters:')}"),
            ("answers to commands that differ", f"{self.count('answer')}"),
            ("downstream events that differ", f"{self.count('chain:')}"),
        ]


def _steps_back(found: Iterable[Input]) -> Iterable[str]:
    """No partition goes back to an older version of a model."""
    newest: dict[tuple[int, str], int] = {}
    for record in found:
        event = json.loads(record.value or b"{}")
        place, version = (record.partition, event["qualification_model_id"]), event["qualification_model_version"]
        if version < newest.get(place, 0):
            yield f"order of versions: {version} of {place} at offset {record.offset} after {newest[place]}"
        newest[place] = max(version, newest.get(place, 0))


def _answer_differences(cluster: Cluster) -> Iterable[str]:
    """Every command is answered as the oracle does, once and then with `repeated` only."""
    answers: dict[str, list[tuple[bool, bool]]] = {}
    for record in cluster.outs.records["qualification-model-changed"]:
        said = json.loads(record.value or b"{}")
        if "command_id" in said:
            told = (said["outcome"] == "accepted", bool(said.get("repeated")))
            answers.setdefault(said["command_id"], []).append(told)
    for command_id, (accepted, _version) in cluster.oracle.answers.items():
        found = answers.pop(command_id, [])
        if found[:1] != [(accepted, False)] or any(one != (accepted, True) for one in found[1:]):
            yield f"answer to {command_id}: {found}, expected {accepted}"
    yield from (f"answer to {command_id}, which nobody gave" for command_id in answers)
