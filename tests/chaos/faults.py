"""Each kind of fault, as a generator: what it does, how long until it goes on (seconds, yielded), what it does then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from tests.chaos.brokers import IN_SYNC_SECONDS
from tests.chaos.cluster import REMOTE, WORKERS
from tests.chaos.plan import Fault, Kind

if TYPE_CHECKING:
    from tests.chaos.cluster import Cluster
    from tests.chaos.load import ChaosLoad

Course = Iterator[float]
Told = Callable[[str], None]

_BURST = 8_000
_LOOKS = 40


def course(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    """What `fault` does. It never leaves anything broken behind once it has ended."""
    return _COURSES[fault.kind](fault, cluster, load, told)


def _victim(fault: Fault, cluster: Cluster, *, of: int | None = None) -> int | None:
    """One that is up, among the first `of` places if that is given."""
    up = [number for number in cluster.up() if of is None or number < of]
    return up[fault.dice % len(up)] if up else None


def _kill(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    if (number := _victim(fault, cluster)) is None:
        return
    cluster.slots[number].wanted = False
    cluster.worker(number).kill()
    told(f"kill -9 of {cluster.name(number)}")
    yield fault.lasts
    cluster.start(number)
    told(f"{cluster.name(number)} is started")


def _terminate(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    if (number := _victim(fault, cluster)) is None:
        return
    cluster.slots[number].wanted = False
    worker = cluster.worker(number)
    worker.process.terminate()
    told(f"SIGTERM to {cluster.name(number)}")
    waited = 0.0
    while worker.running:
        yield 0.2
        waited += 0.2
        if waited > 40:
            worker.kill()
            told(f"{cluster.name(number)} did not stop within 40 s and was killed")
    told(f"{cluster.name(number)} ended with {worker.process.returncode} after about {waited:.1f} s")
    yield fault.lasts
    cluster.start(number)
    told(f"{cluster.name(number)} is started")


def _kill_all(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    up = cluster.up()
    names = ", ".join(map(cluster.name, up))
    for number in up:
        cluster.slots[number].wanted = False
        cluster.worker(number).kill()
    told(f"kill -9 of all: {names}")
    yield fault.lasts
    for number in up:
        cluster.start(number)
    told(f"{names} are started")


def _freeze(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    if (number := _victim(fault, cluster)) is None:
        return
    cluster.slots[number].frozen = True
    cluster.worker(number).freeze()
    told(f"{cluster.name(number)} is frozen")
    yield fault.lasts
    yield from _thaw(number, cluster, told)


def _thaw(number: int, cluster: Cluster, told: Told) -> Course:
    cluster.worker(number).thaw()
    cluster.slots[number].frozen = False
    told(f"{cluster.name(number)} thaws")
    yield 1.0


def _transaction(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    """Freeze a worker while it has a transaction open, until the broker has ended that."""
    load.burst(_BURST // 4)
    number = _victim(fault, cluster, of=WORKERS)
    if number is None:
        return
    name = cluster.name(number)
    for look in range(_LOOKS):
        cluster.slots[number].frozen = True
        cluster.worker(number).freeze()
        yield 0.3  # the others' transactions end meanwhile
        if cluster.has_open_transaction() or look == _LOOKS - 1:
            break
        cluster.worker(number).thaw()
        cluster.slots[number].frozen = False
        yield 0.1
    told(f"{name} is frozen, a transaction {'is open' if cluster.has_open_transaction() else 'may be open'}")
    yield fault.lasts
    told(f"a transaction {'is still open' if cluster.has_open_transaction() else 'is open no longer'}")
    yield from _thaw(number, cluster, told)


def _storm(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    """Workers leave and come, by SIGKILL and SIGTERM, every few seconds."""
    dice = random.Random(fault.dice)
    left = fault.lasts
    while left > 0:
        up = cluster.up()
        if up:
            number = dice.choice(up)
            cluster.slots[number].wanted = False
            worker = cluster.worker(number)
            if dice.random() < 0.5:
                worker.kill()
                told(f"kill -9 of {cluster.name(number)}")
            else:
                worker.process.terminate()
                told(f"SIGTERM to {cluster.name(number)}")
            pause = dice.uniform(0.5, 2.0)
            yield pause
            left -= pause
            while worker.running:
                yield 0.2
                left -= 0.2
            cluster.start(number)
            told(f"{cluster.name(number)} is started")
        pause = dice.uniform(0.5, 3.0)
        yield pause
        left -= pause


def _one_broker(fault: Fault, cluster: Cluster) -> Generator[float, None, int]:
    """Which broker is to be broken; of several, once all are whole."""
    brokers = cluster.brokers
    while brokers.busy:
        yield 0.5
    brokers.busy = len(brokers.nodes) > 1
    return fault.dice % len(brokers.nodes)


def _until_in_sync(cluster: Cluster, told: Told, number: int) -> Course:
    """Wait for the replicas of a broker that runs again: until then no other may be broken."""
    if len(cluster.brokers.nodes) == 1:
        return
    began = time.monotonic()
    while not cluster.brokers.in_sync():
        assert time.monotonic() < began + IN_SYNC_SECONDS, f"broker {number} does not get in sync"
        yield 0.5
    told(f"broker {number} is in sync {time.monotonic() - began:.1f} s later")
    cluster.brokers.busy = False


def _broker_kill(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    number = yield from _one_broker(fault, cluster)
    cluster.brokers.nodes[number].kill()
    told(f"kill -9 of broker {number}")
    yield fault.lasts
    cluster.brokers.restart(number)
    told(f"broker {number} runs again")
    yield from _until_in_sync(cluster, told, number)


def _broker_freeze(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    number = yield from _one_broker(fault, cluster)
    cluster.brokers.nodes[number].freeze()
    told(f"broker {number} is frozen")
    yield fault.lasts
    cluster.brokers.nodes[number].thaw()
    told(f"broker {number} thaws")
    yield from _until_in_sync(cluster, told, number)


def _broker_loss(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    """A broker is gone for good, its disk too; one with an empty disk takes its id."""
    number = yield from _one_broker(fault, cluster)
    cluster.brokers.lose(number)
    told(f"broker {number} is lost, and its disk")
    yield fault.lasts
    cluster.brokers.restart(number)
    told(f"broker {number} is replaced, its disk is empty")
    yield from _until_in_sync(cluster, told, number)


def _broker_roll(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    """Each broker in turn, as an operator would: the next when all replicas are in sync."""
    first = yield from _one_broker(fault, cluster)
    count = len(cluster.brokers.nodes)
    for number in ((first + step) % count for step in range(count)):
        cluster.brokers.busy = count > 1
        cluster.brokers.restart(number)
        told(f"broker {number} was stopped in order and started")
        yield 0.2
        yield from _until_in_sync(cluster, told, number)


def _network(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    cluster.brokers.pause_network()
    told(f"nothing passes between worker {REMOTE} and the brokers")
    yield fault.lasts
    cluster.brokers.mend_network()
    told(f"worker {REMOTE} is connected again")


def _network_cut(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    cluster.brokers.cut_network()
    told(f"connections of worker {REMOTE} are cut")
    yield fault.lasts
    cluster.brokers.mend_network()
    told(f"worker {REMOTE} can connect again")


def _burst(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    load.burst(_BURST)
    told(f"{_BURST} records at once")
    yield fault.lasts


def _skew(fault: Fault, cluster: Cluster, load: ChaosLoad, told: Told) -> Course:
    minutes = random.Random(fault.dice).choice((-100_000.0, -5_000.0, 5_000.0, 100_000.0))
    load.skew = minutes
    told(f"upstream clocks go wrong by {minutes:+.0f} min")
    yield fault.lasts
    load.skew = 0.0
    told("upstream clocks are right again")


_COURSES: dict[Kind, Callable[[Fault, Cluster, ChaosLoad, Told], Course]] = {
    Kind.KILL: _kill,
    Kind.TERMINATE: _terminate,
    Kind.KILL_ALL: _kill_all,
    Kind.FREEZE: _freeze,
    Kind.PAUSE: _freeze,
    Kind.TRANSACTION: _transaction,
    Kind.STORM: _storm,
    Kind.BROKER_KILL: _broker_kill,
    Kind.BROKER_FREEZE: _broker_freeze,
    Kind.BROKER_CUT_OFF: _broker_freeze,
    Kind.BROKER_LOSS: _broker_loss,
    Kind.BROKER_ROLL: _broker_roll,
    Kind.NETWORK: _network,
    Kind.NETWORK_CUT: _network_cut,
    Kind.BURST: _burst,
    Kind.SKEW: _skew,
}
