"""On PostgreSQL the projection is the same as on SQLite: Debian's server, started for these tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from lead_qualifier.client.model_report import report_of
from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.access.sessions import Sessions
from lead_qualifier.console.read_model.audit_trail import TrailReader
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_search import LeadQuery
from lead_qualifier.console.read_model.processes import UsedOtherwise
from lead_qualifier.console.read_model.projection import Overtaken, Projection
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.console.read_model.report_history import ReportReader
from lead_qualifier.console.read_model.tables import has_tables
from lead_qualifier.console.read_model.tables import projection as projection_table
from lead_qualifier.demo.broker.local_broker import free_ports
from tests.oracle.console_exactness import assert_exact
from tests.support.console_dead_letters import dead_letters
from tests.support.console_records import NAMES, STATE, TOPICS, RecordLog, project, projected, tables, world


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    if programs is None:
        pytest.skip("no PostgreSQL server (Debian: apt-get install postgresql)")
    as_user: list[str] = []
    folder = tmp_path_factory.mktemp("postgresql")
    if os.getuid() == 0:  # as which it does not run
        if shutil.which("runuser") is None:
            pytest.skip("no runuser, and PostgreSQL does not run as root")
        as_user = ["runuser", "-u", "postgres", "--"]
        folder = Path("/tmp") / f"lead-qualifier-postgresql-{os.getpid()}"  # the parents of the other are root's
        folder.mkdir()
        shutil.chown(folder, "postgres")
    [port] = free_ports(1)
    control = [*as_user, str(programs.with_name("pg_ctl")), "-D", str(folder / "data"), "-w"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120)

    try:
        run(*as_user, str(programs), "-D", str(folder / "data"), "-A", "trust", "-U", "console", "--no-sync")
        run(*control, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://console@127.0.0.1:{port}/postgres"
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_leads_are_projected_found_and_projected_again(url: str) -> None:
    letters = RecordLog()
    dead_letters(letters)
    records = [*world(), *letters.records]
    database = projected(url, records)
    assert_exact(database, records, words=False)
    reports = ReportReader(database)
    read_again = reports.history("enterprise", attribute="country")
    Projection(database, TOPICS, name_attributes=NAMES).caught_up(0)
    kept = reports.history("enterprise", attribute="country")
    assert report_of(kept.history, kept.fates, kept.values) == report_of(
        read_again.history, read_again.fates, read_again.values
    )
    assert kept.fates.different != ()
    reader = Reader(database, unknown_leads="open")

    def found(query: LeadQuery) -> list[str]:
        return [one.lead_id for one in reader.search(query, after=None, limit=5)]

    assert found(LeadQuery(text="weber")) == ["L-1001", "L-1005"]
    assert found(LeadQuery(text="\0")) == []
    assert found(LeadQuery(owner_id="U-4")) == ["L-1001", "L-1002"]
    first = reader.search(LeadQuery(), after=None, limit=3)
    rest = reader.search(LeadQuery(), after=first[-1].position, limit=200)
    assert len({one.lead_id for one in (*first, *rest)}) == len(tables(database)[0])
    trails = TrailReader(database)
    refused = trails.newest(kind="model", subject="enterprise", accepted=False, limit=1)
    assert [b"model_live" in one.value for one in refused] == [True]
    assert len(trails.newest()) == len(trails.newest(before=refused[0].position)) + 3
    one, other = (Projection(database, TOPICS, name_attributes=names) for names in (("company",), NAMES))
    project(one, world())
    assert [one.lead_id for one in reader.search(LeadQuery(text="weber"), after=None, limit=5)] == []
    with pytest.raises(UsedOtherwise):
        project(other, world())
    one.leave()
    project(other, world())
    assert found(LeadQuery(text="weber")) == ["L-1001", "L-1005"]
    database.close()


def test_processes_that_start_at_once_begin_again_once(url: str) -> None:
    databases = [Database(url) for _ in range(4)]
    with databases[0].transaction() as connection:
        if has_tables(connection):
            projection_table.drop(connection)  # as if there were none
    together = Barrier(len(databases))

    def start(database: Database) -> bool:
        projection = Projection(database, TOPICS, name_attributes=NAMES)
        assert projection.stored() is None
        together.wait(30)
        try:
            projection.begin_again(None, {}, {(STATE, 0): 0})
        except Overtaken:
            return False
        finally:
            projection.leave()
        return True

    with ThreadPoolExecutor(len(databases)) as pool:
        assert sorted(pool.map(start, databases)) == [False, False, False, True]
    for one in databases:
        one.close()


def test_processes_share_sessions_which_outlive_a_rebuild(url: str) -> None:
    one, other = (Sessions(Database(url).beside("sessions")) for _ in range(2))
    person = Person("U-7", "Erika Beispiel", frozenset({Role.MARKETER}))
    token = one.open(person)
    with Database(url).transaction() as connection:
        Database.recreate(connection)
    found = other.find(token)
    assert found is not None
    assert found.person == person
    assert one.count == other.count == 1
    other.close(token)
    assert one.find(token) is None
