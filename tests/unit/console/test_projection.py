"""The projection holds exactly what the topics say, whatever kills it, and nothing of an erased lead."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from lead_qualifier.console.read_model.database import Database, UnusableDatabase, failure
from lead_qualifier.console.read_model.lead_search import LeadQuery
from lead_qualifier.console.read_model.projection import Overtaken, Projection, Step
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.console.read_model.tables import MADE_WHEN_CAUGHT_UP, SCHEMA_VERSION
from lead_qualifier.kafka.records import Record
from lead_qualifier.qualification.leads import Erased, Lead, Mark
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE
from tests.oracle.console import foretell
from tests.oracle.console_exactness import assert_exact
from tests.support.console_dead_letters import bury
from tests.support.console_records import (
    ASSIGNED,
    NAMES,
    QUALIFIED,
    RESPONSES,
    STATE,
    TOPICS,
    RecordLog,
    assignment,
    minutes,
    project,
    projected,
    qualification,
    qualified_lead,
    response,
    sqlite_url,
    tables,
    world,
)


def projection_of(database: Database) -> Projection:
    return Projection(database, TOPICS, name_attributes=NAMES)


def history(steps: list[tuple[int, int, int]]) -> list[Record]:
    """Leads that are qualified, renamed, erased and come back, as numbers tell: what, which lead, which name."""
    log = RecordLog()
    for minute, (what, lead, name) in enumerate(steps):
        lead_id, at, partition = f"L-{lead}", minutes(minute), lead % 2
        if what == 0:
            log.erase(lead_id, at=at, partition=partition)
        elif what == 1:
            erased = Erased(at_ms=int(at.timestamp() * 1000), until_ms=2**50)
            log.lead(lead_id, Lead(erasure=minute, erased=erased), at=at, partition=partition)
        elif what == 2:
            erased = Erased(at_ms=int(minutes(minute - 1.5).timestamp() * 1000), until_ms=2**50)
            again = Lead(known=True, erasure=minute, erased=erased, attributes={"name": f"again name{name}"})
            log.lead(lead_id, again, at=at, partition=partition)
        elif what == 3:
            log.event(QUALIFIED, qualification(lead_id, at=minute), at=at, partition=partition)
        elif what == 4:
            log.event(ASSIGNED, assignment(lead_id, at=minute), at=at, partition=partition)
        elif what == 5:
            log.lead(lead_id, qualified_lead(f"name{name} rest", engagement=70 + name / 3), at=at, partition=partition)
        elif what == 7:
            answer = response(lead_id, at=minute, reason=("budget", None)[name % 2])
            log.event(RESPONSES, answer, at=at, partition=partition)
        elif what == 8:
            bury(log, lead_id.encode(), b"{}", "by its key", at=at)
        elif what == 9:
            bury(log, b"else", json.dumps({"data": {"lead_id": lead_id}}).encode(), "by its value", at=at)
        else:
            status = "disqualified" if name else "open"
            log.lead(lead_id, qualified_lead(f"name{name} rest", status=status), at=at, partition=partition)
    return log.records


@settings(max_examples=40)
@given(steps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 2)), max_size=30))
def test_the_tables_hold_what_the_topics_say(
    steps: list[tuple[int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    records = history(steps)
    database = projected(sqlite_url(tmp_path_factory.mktemp("projection")), records)
    assert_exact(database, records)
    database.close()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("step", Step)
def test_a_projection_that_is_killed_goes_on_where_it_was(step: Step, times: int, tmp_path: Path) -> None:
    steps = [
        (6, 0, 0),
        (6, 1, 1),
        (8, 1, 0),
        (9, 0, 0),
        (3, 0, 0),
        (7, 0, 0),
        (0, 1, 0),
        (8, 2, 0),
        (6, 2, 2),
        (3, 2, 0),
        (0, 0, 0),
        (5, 0, 1),
        (6, 0, 1),
        (6, 0, 0),
        (3, 0, 1),
        (5, 3, 0),
        (3, 3, 0),
        (7, 3, 1),
        (0, 3, 0),
        (0, 2, 0),
        (8, 0, 0),
        (9, 2, 0),
    ]
    records = history(steps)
    url = sqlite_url(tmp_path)
    child = os.fork()
    if child == 0:
        die_at(step, times, url, records)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    database = projected(url, records)
    assert_exact(database, records)


def die_at(step: Step, times: int, url: str, records: list[Record]) -> None:
    """Project, in a process of its own, until it comes to the step so many times."""
    left = times

    def hook(reached: Step) -> None:
        nonlocal left
        left -= reached == step
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        project(Projection(Database(url), TOPICS, name_attributes=NAMES, hook=hook), records)
    finally:
        os._exit(1)


def test_leads_are_listed_by_the_qualification_that_is_shown(tmp_path: Path) -> None:
    log = RecordLog()
    rejected = qualified_lead("Anna", at=0)
    rejected.qualified_at = minutes(90)  # when sales rejected it
    log.lead("L-rejected", rejected)
    log.lead("L-newer", qualified_lead("Berta", at=60))
    oldest = {"enterprise": Mark(3, 1, EARLIEST_PLAUSIBLE, "event-0")}
    log.lead("L-oldest", Lead(known=True, marks=oldest, qualified_at=EARLIEST_PLAUSIBLE))
    log.lead("L-never", Lead(known=True))
    reader = Reader(projected(sqlite_url(tmp_path), log.records), unknown_leads="open")

    def listed(qualified: bool) -> list[str]:
        return [one.lead_id for one in reader.search(LeadQuery(qualified=qualified), after=None, limit=9)]

    assert listed(True) == ["L-newer", "L-rejected", "L-oldest"]
    assert listed(False) == ["L-never"]


def test_nothing_of_an_erased_lead_is_left_in_the_files(tmp_path: Path) -> None:
    database = projected(sqlite_url(tmp_path), world())
    left = [file.name for file in tmp_path.iterdir() if b"Gone Person" in file.read_bytes()]
    assert left == []
    assert b"L-gone" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    database.close()


def test_records_that_another_process_has_projected_are_not_applied_again(tmp_path: Path) -> None:
    records = world()
    database = projected(sqlite_url(tmp_path), records)
    before = tables(database)
    [first] = [one for one in records if one.topic == STATE and one.offset == 0]
    with pytest.raises(Overtaken):
        projection_of(database).apply([first], before={(STATE, 0): 0}, after={(STATE, 0): 1})
    assert tables(database) == before


def test_a_process_that_did_not_notice_that_another_begins_again_applies_nothing(tmp_path: Path) -> None:
    log = RecordLog()
    log.lead("L-1", qualified_lead("Anna"))
    log.event(QUALIFIED, qualification("L-1"))
    database = Database(sqlite_url(tmp_path))
    one, other = projection_of(database), projection_of(database)
    start = {(STATE, 0): 0, (QUALIFIED, 0): 0}
    one.begin_again(None, {}, start)
    other.begin_again(other.stored(), {}, start)
    events = [record for record in log.records if record.topic == QUALIFIED]
    with pytest.raises(Overtaken):
        one.apply(events, before=start, after={(QUALIFIED, 0): 1})
    with pytest.raises(Overtaken):
        one.caught_up(1)
    project(other, log.records)
    assert tables(database) == foretell(log.records)


def test_another_version_begins_again_with_tables_of_its_own(tmp_path: Path) -> None:
    database = projected(sqlite_url(tmp_path), world())
    with database.transaction() as connection:
        connection.execute(text(f"UPDATE lead_qualifier_projection SET schema_version = {SCHEMA_VERSION - 1}"))
        connection.execute(text("CREATE TABLE lead_qualifier_former (x INTEGER)"))
        connection.execute(text("CREATE TABLE of_others (x INTEGER)"))
    assert projection_of(database).stored() is None
    project(projection_of(database), world())
    assert tables(database)[:2] == foretell(world())[:2]
    with database.snapshot() as connection:
        names = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    assert "of_others" in names
    assert "lead_qualifier_former" not in names


def test_other_name_attributes_begin_again(tmp_path: Path) -> None:
    database = projected(sqlite_url(tmp_path), world())
    assert Projection(database, TOPICS, name_attributes=("title",)).stored() is None


def test_the_tables_of_a_newer_version_stay(tmp_path: Path) -> None:
    database = projected(sqlite_url(tmp_path), world())
    with database.transaction() as connection:
        connection.execute(text(f"UPDATE lead_qualifier_projection SET schema_version = {SCHEMA_VERSION + 1}"))
    with pytest.raises(UnusableDatabase, match="newer version"):
        projection_of(database).stored()


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "nonsense", "sqlite:///:memory:"])
def test_an_address_of_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(UnusableDatabase, match="LEAD_QUALIFIER_DATABASE_URL"):
        Database(url)


def test_the_file_is_for_its_user_only(tmp_path: Path) -> None:
    projected(sqlite_url(tmp_path), world())
    assert {oct(file.stat().st_mode & 0o077) for file in tmp_path.iterdir()} == {"0o0"}


def test_a_file_that_was_there_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "console.sqlite3").touch(mode=0o644)
    projected(sqlite_url(tmp_path), world())
    assert {oct(file.stat().st_mode & 0o077) for file in tmp_path.iterdir()} == {"0o0"}


def test_what_a_killed_process_left_of_an_erased_lead_goes_when_it_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Database, "forget_erased", lambda _: None)
        database = projected(sqlite_url(tmp_path), world())
    projection_of(database).caught_up(0)
    assert b"L-gone" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    database.close()


def test_lists_have_their_indexes_once_everything_has_been_read(tmp_path: Path) -> None:
    database = projected(sqlite_url(tmp_path), world())

    def indexes() -> set[str]:
        with database.snapshot() as connection:
            return {str(one["name"]) for one in inspect(connection).get_indexes("lead_qualifier_leads")}

    assert indexes() == set()
    for _ in range(2):
        projection_of(database).caught_up(0)
        assert indexes() == {str(one.name) for one in MADE_WHEN_CAUGHT_UP}
    with database.snapshot() as connection:
        plan = connection.execute(text("EXPLAIN QUERY PLAN SELECT * FROM lead_qualifier_leads ORDER BY rank, lead_id"))
        assert "lead_qualifier_leads_newest" in str(plan.all())
    database.close()


def test_a_failing_checkpoint_is_a_failure_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = projected(sqlite_url(tmp_path), world())
    monkeypatch.setattr("lead_qualifier.console.read_model.database._CHECKPOINT", "no statement")
    with pytest.raises(OperationalError) as failed:
        database.forget_erased()
    assert failure(failed.value) == "the database does not answer as it should (SQLITE_ERROR)"


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "console.sqlite3").write_text("no database " * 100)
    with pytest.raises(DatabaseError) as failed:
        projection_of(Database(sqlite_url(tmp_path))).stored()
    assert "delete it" in failure(failed.value)
