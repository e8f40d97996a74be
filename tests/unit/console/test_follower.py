"""How the follower goes on where topics have moved: expired events, and ends that it never quite reaches."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from lead_qualifier.console.read_model.follower import Follower
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.standing import Phase
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from tests.support.console_records import NAMES, QUALIFIED, TOPICS, projected, sqlite_url, world
from tests.support.console_topics import PARTITIONS, FakeAdmin


def following(folder: Path) -> tuple[Follower, Projection, FakeAdmin]:
    database = projected(sqlite_url(folder), world())
    projection = Projection(database, TOPICS, name_attributes=NAMES)
    follower = Follower(Connection(bootstrap_servers="127.0.0.1:1"), TOPICS, projection)
    topics = FakeAdmin(end=100)
    follower._admin = cast("Admin", topics)
    return follower, projection, topics


def test_it_goes_on_where_events_that_it_has_not_read_are_gone(tmp_path: Path) -> None:
    follower, projection, topics = following(tmp_path)
    projection.caught_up(2**50)
    topics.firsts[QUALIFIED, 0] = 90
    begun = follower._begin(PARTITIONS)
    assert begun[QUALIFIED, 0] == 90
    projection.apply([], before=begun, after={(QUALIFIED, 0): 95})
    assert follower._begin(PARTITIONS)[QUALIFIED, 0] == 95


def test_it_says_how_old_what_it_shows_is(tmp_path: Path) -> None:
    follower, projection, _ = following(tmp_path)
    follower._begin(PARTITIONS)
    began = follower._standing.caught_up_ms
    assert (follower._standing.rebuilds, follower._standing.progress) == (0, 0.0)  # one that another process began
    assert follower._standing.seconds_behind(began + 5000) == 5
    follower._check(dict.fromkeys(PARTITIONS, 100))
    assert follower._standing.progress is None
    assert follower._standing.seconds_behind(began + 5000) == 0
    follower._stop.set()
    follower._fail("Kafka is away", database_away=False)
    assert follower._standing.seconds_behind(began + 5000) == 5  # nobody knows what else there is
    projection.caught_up(began - 60_000)
    follower._begin(PARTITIONS)
    assert follower._standing.progress is None
    assert follower._standing.seconds_behind(began) == 60


def test_it_has_caught_up_although_there_is_always_more(tmp_path: Path) -> None:
    follower, projection, topics = following(tmp_path)
    begun = follower._begin(PARTITIONS)
    assert follower.standing.phase is Phase.REBUILDING
    topics.last = dict.fromkeys(PARTITIONS, 200)
    follower._check(begun | dict.fromkeys(PARTITIONS, 99))
    assert follower.standing.phase is Phase.REBUILDING
    follower._check(begun | dict.fromkeys(PARTITIONS, 110))
    assert (follower.standing.phase, follower.standing.behind) == (Phase.FOLLOWING, 270)
    stored = projection.stored()
    assert stored is not None
    assert stored.complete
