"""A worker's wrong clock is noticed by the times that records get at the broker, and positions are put back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.clock import Clock, Stamp
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.state_verification import StateVerifier
from tests.unit.engine.doubles import application

DAY = 86_400.0
#: Noon on some day, in seconds.
NOON = 1_795_867_200.0


@dataclass
class Machine:
    """A machine whose wall clock may be wrong by some seconds."""

    wrong_by: float = 0.0
    passed: float = 0.0

    def clock(self) -> Clock:
        return Clock(3600, wall=lambda: NOON + self.passed + self.wrong_by, monotonic=lambda: 5 + self.passed)

    def stamp(self, *, by_broker: bool = True) -> Stamp:
        return Stamp(int((NOON + self.passed) * 1000), by_broker)


@pytest.mark.parametrize("wrong_by", [DAY, -DAY, 4000.0])
def test_a_clock_beyond_the_tolerance_is_corrected(wrong_by: float) -> None:
    machine = Machine(wrong_by)
    clock = machine.clock()
    assert clock.now_ms() == (NOON + wrong_by) * 1000, "nothing is known yet"
    clock.learn(machine.stamp())
    assert clock.now_ms() == NOON * 1000
    machine.passed = 600
    assert clock.now_ms() == (NOON + 600) * 1000


@pytest.mark.parametrize("wrong_by", [0.0, 3000.0, -3000.0])
def test_a_clock_within_the_tolerance_is_taken_as_it_is(wrong_by: float) -> None:
    machine = Machine(wrong_by)
    clock = machine.clock()
    clock.learn(machine.stamp())
    assert clock.now_ms() == (NOON + wrong_by) * 1000
    assert not clock.contradicts(clock.now_ms(), 0, machine.stamp())


def test_a_clock_that_was_set_right_is_trusted_at_once() -> None:
    machine = Machine(DAY)
    clock = machine.clock()
    clock.learn(machine.stamp())
    machine.wrong_by, machine.passed = 0.0, 60
    assert clock.now_ms() == (NOON + 60) * 1000


def test_a_machine_that_slept_is_not_taken_back() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.learn(machine.stamp())
    machine.wrong_by = DAY  # the monotonic clock stood still
    assert clock.now_ms() == (NOON + DAY) * 1000


def test_processing_ahead_of_the_broker_s_time_is_contradicted() -> None:
    clock = Machine().clock()
    written = Stamp(int(NOON * 1000), by_broker=True)
    ahead = written.at_ms + 3_601_000
    assert clock.contradicts(ahead, 0, written)
    assert clock.contradicts(ahead, ahead, written), "what an earlier worker left behind, too"
    own = Stamp(written.at_ms, by_broker=False)
    assert clock.contradicts(ahead, 0, own)
    assert not clock.contradicts(ahead, ahead, own), "this machine's clock may be the one that is wrong"


def opened(clock_ms: int, written: Stamp | None) -> int:
    verifier = StateVerifier({"bootstrap.servers": "127.0.0.1:1"}, group_id="g")
    checkpoint = Checkpoint("g", {"in": 3}, clock=clock_ms)
    partition = Partition(application(), 0, checkpoint=checkpoint, written_at=written)
    return verifier._plausible_clock(partition, checkpoint)


def test_a_checkpoint_clock_ahead_of_its_record_is_put_back() -> None:
    written = Stamp(int(NOON * 1000), by_broker=False)
    assert opened(written.at_ms + int(DAY * 1000), written) == written.at_ms
    assert opened(written.at_ms + 60_000, written) == written.at_ms + 60_000
    assert opened(written.at_ms + int(DAY * 1000), None) == written.at_ms + int(DAY * 1000)


def test_the_difference_to_the_broker_s_clock_is_known_once_the_broker_has_set_a_time() -> None:
    machine = Machine(wrong_by=-90)
    clock = machine.clock()
    clock.learn(machine.stamp(by_broker=False))
    assert clock.difference_seconds is None
    clock.learn(machine.stamp())
    assert clock.difference_seconds == -90, "too little to correct, and still to be seen"
