"""One run: a plan carried out on a cluster, phase by phase, each ending in a comparison with the oracles."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lead_qualifier.demo.broker.java import find_java, kafka_jars
from tests.chaos.bad_input import BadInput
from tests.chaos.brokers import Brokers
from tests.chaos.cells import Cell
from tests.chaos.chain import Chain
from tests.chaos.cluster import SERVICES, WORKERS, Cluster
from tests.chaos.faults import Course, course
from tests.chaos.load import ChaosLoad
from tests.chaos.mixed import MIXED
from tests.chaos.pauses import Pauses
from tests.chaos.plan import Kind, Phase, Plan
from tests.chaos.report import Report
from tests.support import messages
from tests.support.models import MODELS

CELLS = 3
LEADS = 250
_SUPERVISED_EVERY_SECONDS = 0.2
#: The stream goes on for so long after the last fault.
_AFTER_SECONDS = 2.0


def run(plan: Plan, folder: Path, say: Callable[[str], None], *, session: float | None = None) -> Report:
    """Carry out a plan; everything that the workers and the broker log stays in `folder`.

    `session`: after how many seconds of silence a process counts as gone; None: as users have it.
    """
    brokers = Brokers(plan.brokers, folder, java=find_java(), libs=kafka_jars(say))
    try:
        brokers.start()
        cluster = Cluster(brokers, folder, partitions=plan.partitions, session=session)
        try:
            return _Run(plan, cluster, say).all()
        finally:
            cluster.end()
    finally:
        brokers.close()


class _Run:
    def __init__(self, plan: Plan, cluster: Cluster, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._cluster = cluster
        self._say = say
        self._cells = [Cell(f"c{number}", plan.seed, LEADS) for number in range(CELLS)]
        self._mixed = Cell(MIXED, plan.seed, LEADS)
        self._chain: Chain
        self._report = Report(plan.seed)
        self._began = time.monotonic()

    def all(self) -> Report:
        self._prepare()
        for phase in self._plan.phases:
            self._phase(phase)
            if self._report.differences:
                break  # whatever follows would only differ more
            if phase is self._plan.phases[0] and len(self._plan.phases) > 1:
                self._recreate("lead-score-changed")
        self._report.seconds = time.monotonic() - self._began
        return self._report

    def _prepare(self) -> None:
        """Three workers, all models live, nothing scored yet."""
        self._tell(f"seed {self._plan.seed}, {self._plan.brokers} brokers, {self._plan.partitions} partitions")
        cluster = self._cluster
        cluster.start(0)
        cluster.worker(0).wait_ready()
        for number in range(1, WORKERS):
            cluster.start(number)
        names = [name for cell in [*self._cells, self._mixed] for name in cell.scoring_models()]
        cluster.send("scoring-model-changed", *(messages.scoring_model(name, "live") for name in names))
        cluster.send("feature-commands", messages.feature("enable"))
        cluster.drain()
        for number in range(WORKERS, WORKERS + SERVICES):
            cluster.start(number)
            cluster.worker(number).wait_ready(120)
        chain = Chain(cluster, self._plan.seed)
        chain.prepare()
        self._chain = chain
        for cell in [*self._cells, self._mixed]:
            for number in range(len(MODELS)):
                definition = cell.definition(number)
                cluster.send("qualification-commands", messages.apply(definition))
                cluster.send("qualification-commands", messages.command("publish", definition["id"]))
        cluster.drain()
        self._report.compare(cluster, chain)

    def _recreate(self, topic: str) -> None:
        began = time.monotonic()
        self._cluster.recreate(topic)
        self._report.bad_input["inputs created again"] += 1
        self._tell(f"{topic} was created again, noticed and repaired within {time.monotonic() - began:.1f} s")

    def _phase(self, phase: Phase) -> None:
        ordering = self._cells[phase.number % CELLS]
        streaming = [cell for cell in self._cells if cell is not ordering]
        for cell in streaming:
            cell.begin_stream()
        self._mixed.begin_stream(scored=1)
        commands = self._shuffled(ordering.commands(self._cluster.oracle.registry), self._mixed.restless(), phase.seed)
        load = ChaosLoad(
            self._cluster, [*streaming, self._mixed], commands, seed=phase.seed, per_second=phase.per_second
        )
        leads = [lead for cell in [*streaming, self._mixed] for lead in cell.workload.leads]
        sales = self._chain.sales(leads)
        bad_input = BadInput(self._cluster, streaming, seed=phase.seed)
        self._tell(f"phase {phase.number}: {phase.per_second} records/s, {len(commands)} commands")
        cluster = self._cluster
        state = f"{cluster.prefix}lead-state"
        pauses = Pauses(cluster.bootstrap, state, cluster.partitions, client=cluster.CLIENT)
        pauses.start()
        load.start()
        sales.start()
        bad_input.start()
        try:
            struck = self._break(phase, load)
        finally:
            bad_input.finish()
            sales.finish()
            load.finish()
            pauses.end()
        for kind, since, until in struck:
            self._report.pauses.setdefault(kind, []).extend(pauses.longest(since, until))
        took = self._cluster.drain()
        behind = self._chain.drain()
        report = self._report
        report.bad_input += bad_input.counts
        report.slowest_drain = max(report.slowest_drain, took)
        report.compare(self._cluster, self._chain)
        self._tell(
            f"phase {phase.number}: all decided {took:.1f} s later, and {behind:.1f} s behind that; "
            f"{report.events} records, {report.qualified} qualifications, "
            f"{report.chain.told.total()} downstream events, {len(report.differences)} differences"
        )

    @staticmethod
    def _shuffled(one: list[dict[str, Any]], other: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
        """Both, each in its order."""
        turns = [0] * len(one) + [1] * len(other)
        random.Random(seed).shuffle(turns)
        both = (iter(one), iter(other))
        return [next(both[turn]) for turn in turns]

    def _break(self, phase: Phase, load: ChaosLoad) -> list[tuple[Kind, float, float]]:
        """Let the faults take their course, each when it is due, while the supervisor does its work. Returns those that
        struck, and from when to when each lasted.
        """
        began = time.monotonic()
        courses: list[tuple[float, int, Course]] = []
        for number, fault in enumerate(phase.faults):
            told = self._teller(fault.kind)
            heapq.heappush(courses, (began + fault.at, number, course(fault, self._cluster, load, told)))
        struck: dict[int, tuple[Kind, float, float]] = {}
        while courses:
            due, number, its = courses[0]
            wait = due - time.monotonic()
            if wait > _SUPERVISED_EVERY_SECONDS:
                time.sleep(_SUPERVISED_EVERY_SECONDS)
                self._cluster.supervise()
                continue
            time.sleep(max(0.0, wait))
            heapq.heappop(courses)
            began = time.monotonic()
            pause = next(its, None)
            if pause is None and number not in struck:
                self._tell(f"  {phase.faults[number].kind}: nobody is up to strike")
            if pause is not None:
                since = struck[number][1] if number in struck else began
                struck[number] = (phase.faults[number].kind, since, time.monotonic() + pause)
                heapq.heappush(courses, (time.monotonic() + pause, number, its))
            self._cluster.supervise()
        self._report.faults.update(kind for kind, _, _ in struck.values())
        time.sleep(_AFTER_SECONDS)
        return list(struck.values())

    def _teller(self, kind: str) -> Callable[[str], None]:
        return lambda what: self._tell(f"  {kind}: {what}")

    def _tell(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:7.1f} s  {what}")
