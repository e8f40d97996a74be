"""Consoles that share a database: those with other settings wait until the others have stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from lead_qualifier.console.read_model import processes
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.follower import Follower
from lead_qualifier.console.read_model.processes import UsedOtherwise
from lead_qualifier.console.read_model.projection import Overtaken, Projection
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import TopicMissing
from lead_qualifier.services.console_topology import CONSOLE
from tests.support.console_records import NAMES, QUALIFIED, STATE, TOPICS, sqlite_url
from tests.support.console_topics import PARTITIONS, FakeAdmin

OTHERS = ("title",)


class Console:
    """The part of a console process that decides whether to begin again."""

    def __init__(self, folder: Path, names: Sequence[str], topics: ProjectedTopics = TOPICS) -> None:
        self.database = Database(sqlite_url(folder))
        self.projection = Projection(self.database, topics, name_attributes=names)
        self.follower = Follower(Connection(bootstrap_servers="127.0.0.1:1"), TOPICS, self.projection)
        self.admin = FakeAdmin()
        self.follower._admin = cast("Admin", self.admin)

    def look(self) -> bool:
        """Whether it follows the projection, after a look at it; it tries again as the follower does."""
        try:
            self.follower._begin(PARTITIONS)
            self.follower._check(dict.fromkeys(PARTITIONS, 0))
        except (Overtaken, UsedOtherwise):
            return False
        return True

    @property
    def rebuilds(self) -> int:
        return self.follower.standing.rebuilds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What processes take for now, in milliseconds: change the one item."""
    now = [2**40]
    monkeypatch.setattr(processes, "_now_ms", lambda: now[0])
    return now


def test_two_that_differ_do_not_begin_again_in_turns(tmp_path: Path, clock: list[int]) -> None:
    one, other = Console(tmp_path, NAMES), Console(tmp_path, OTHERS)
    for _ in range(10):
        assert one.look()
        assert not other.look()
        clock[0] += 10_000
    assert (one.rebuilds, other.rebuilds) == (1, 0)


def test_the_one_that_waits_names_both_settings(tmp_path: Path) -> None:
    assert Console(tmp_path, NAMES).look()
    with pytest.raises(UsedOtherwise, match=r"NAME_ATTRIBUTES is name,company there, and title here"):
        Console(tmp_path, OTHERS).projection.stored()
    of_others = ProjectedTopics.of(CONSOLE, topic_prefix="acme.", state_prefix="acme.")
    with pytest.raises(UsedOtherwise, match=r"lead-state there, and acme\.lead-state here.*DATABASE_URL"):
        Console(tmp_path, NAMES, of_others).projection.stored()


def test_a_rolling_restart_with_another_setting_comes_to_rest(tmp_path: Path, clock: list[int]) -> None:
    old = [Console(tmp_path, NAMES) for _ in range(2)]
    new = [Console(tmp_path, OTHERS) for _ in range(2)]
    assert all(one.look() for one in old)
    assert not new[0].look()
    old[0].projection.leave()
    assert not new[0].look()
    assert not new[1].look()
    old[1].projection.leave()
    for _ in range(10):
        assert all(one.look() for one in new)
        clock[0] += 10_000
    assert sum(one.rebuilds for one in new) == 1
    assert not old[0].look()  # should it come back


def test_one_that_was_killed_is_waited_for_no_longer_than_a_minute(tmp_path: Path, clock: list[int]) -> None:
    assert Console(tmp_path, NAMES).look()
    after, same = Console(tmp_path, OTHERS), Console(tmp_path, NAMES)
    clock[0] += 59_000
    assert not after.look()
    clock[0] += 2_000
    assert after.look()
    assert not same.look()


def test_one_that_was_silent_for_long_gives_way(tmp_path: Path, clock: list[int]) -> None:
    slow, other = Console(tmp_path, NAMES), Console(tmp_path, OTHERS)
    assert slow.look()
    clock[0] += 61_000
    assert other.look()
    with pytest.raises(UsedOtherwise):
        slow.follower._check(dict.fromkeys(PARTITIONS, 0))
    assert other.look()
    assert (slow.rebuilds, other.rebuilds) == (1, 1)


def test_several_that_start_at_once_begin_again_once(tmp_path: Path) -> None:
    start = dict.fromkeys(PARTITIONS, 0)
    one, other = (Console(tmp_path, NAMES).projection for _ in range(2))
    seen_by_other = other.stored()
    one.begin_again(None, {}, start)
    with pytest.raises(Overtaken):
        other.begin_again(seen_by_other, {}, start)


def test_a_topic_that_several_join_at_once_is_joined_once(tmp_path: Path) -> None:
    one, other = (Console(tmp_path, NAMES).projection for _ in range(2))
    one.begin_again(None, {}, {(STATE, 0): 0})
    both = [(it, found) for it in (one, other) if (found := it.stored()) is not None]
    topics = {(STATE, 0): 0, (QUALIFIED, 0): 0}
    assert one.go_on(both[0][1], {}, topics) == topics
    with pytest.raises(Overtaken):
        other.go_on(both[1][1], {}, topics)
    found = other.stored()
    assert found is not None
    assert other.go_on(found, {}, topics) == topics


def test_one_that_waits_goes_on_trying_while_kafka_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Console(tmp_path, NAMES).look()
    waiting = Console(tmp_path, OTHERS).follower

    def away() -> None:
        waiting._stop.set()
        raise TopicMissing("lead-state")

    monkeypatch.setattr(waiting, "_follow", away)
    waiting._run()
    assert waiting.standing.problem is not None
    assert not waiting.standing.database_away
