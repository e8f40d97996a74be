"""What a seed stands for: phases of load, and the faults in each. Pure: the same seed is the same plan."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What can happen; `faults.py` does it."""

    KILL = "kill"
    TERMINATE = "terminate"
    KILL_ALL = "kill all workers"
    FREEZE = "freeze past the session"
    PAUSE = "freeze for a moment"
    TRANSACTION = "transaction times out"
    STORM = "rebalance storm"
    BROKER_KILL = "kill the broker"
    BROKER_FREEZE = "freeze the broker"
    NETWORK = "network to a worker paused"
    NETWORK_CUT = "network to a worker cut"
    BURST = "burst"
    SKEW = "clock skew"
    BROKER_CUT_OFF = "a broker cut off"
    BROKER_LOSS = "a broker lost with its disk"
    BROKER_ROLL = "each broker restarted in turn"


#: What only a cluster survives.
OF_A_CLUSTER = (Kind.BROKER_CUT_OFF, Kind.BROKER_LOSS, Kind.BROKER_ROLL)
_OF_BROKERS = (Kind.BROKER_KILL, Kind.BROKER_FREEZE, *OF_A_CLUSTER)


#: Seconds, from and to, between begin and end; a session ends after 10 s, and so does a transaction; in a cluster a
#: broker's after 9 s.
LASTS: dict[Kind, tuple[float, float]] = {
    Kind.KILL: (0.0, 4.0),
    Kind.TERMINATE: (0.0, 3.0),
    Kind.KILL_ALL: (0.0, 3.0),
    Kind.FREEZE: (11.0, 16.0),
    Kind.PAUSE: (0.5, 8.0),
    Kind.TRANSACTION: (11.0, 14.0),
    Kind.STORM: (12.0, 18.0),
    Kind.BROKER_KILL: (0.0, 4.0),
    Kind.BROKER_FREEZE: (2.0, 12.0),
    Kind.NETWORK: (3.0, 16.0),
    Kind.NETWORK_CUT: (0.5, 5.0),
    Kind.BURST: (1.0, 1.0),
    Kind.SKEW: (3.0, 6.0),
    Kind.BROKER_CUT_OFF: (12.0, 20.0),
    Kind.BROKER_LOSS: (12.0, 20.0),
    Kind.BROKER_ROLL: (1.0, 1.0),
}


@dataclass(frozen=True)
class Fault:
    """`at`: seconds after the phase's begin. `dice`: what else is left to chance, such as which worker."""

    kind: Kind
    at: float
    lasts: float
    dice: int


@dataclass(frozen=True)
class Phase:
    """A time of load and faults, at whose end everything is drained and compared."""

    number: int
    seed: int
    per_second: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Plan:
    """A run."""

    seed: int
    partitions: int
    phases: tuple[Phase, ...]
    brokers: int = 1


def draw(seed: int, faults: int, *, per_phase: int = 3, brokers: int = 1) -> Plan:
    """Every kind is drawn once before any comes again, with several brokers first those that befall brokers. Some
    faults begin before those before them have ended.
    """
    dice = random.Random(seed)
    deck: list[Kind] = []
    phases: list[Phase] = []
    left = faults
    while left:
        count = min(left, per_phase)
        left -= count
        at = dice.uniform(0.5, 2.0)
        drawn = []
        for _ in range(count):
            if not deck:
                deck = _deck(dice, brokers)
            kind = deck.pop()
            lasts = dice.uniform(*LASTS[kind])
            drawn.append(Fault(kind, round(at, 2), round(lasts, 2), dice.randrange(2**32)))
            at += dice.uniform(0.2, lasts) if dice.random() < 0.4 else lasts + dice.uniform(1.0, 5.0)
        phases.append(
            Phase(len(phases) + 1, dice.randrange(2**32), dice.choice((100, 200, 400)) // brokers, tuple(drawn))
        )
    return Plan(seed, dice.choice((2, 4, 6)), tuple(phases), brokers)


def _deck(dice: random.Random, brokers: int) -> list[Kind]:
    """Drawn from its end."""
    if brokers == 1:
        kinds = [kind for kind in Kind if kind not in OF_A_CLUSTER]
        return dice.sample(kinds, len(kinds))
    others = [kind for kind in Kind if kind not in _OF_BROKERS]
    return [*dice.sample(others, len(others)), *dice.sample(_OF_BROKERS, len(_OF_BROKERS))]
