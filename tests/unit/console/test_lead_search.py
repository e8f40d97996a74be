"""Leads are found the same way whether few or many have what is looked for; and no page reads a whole table."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from lead_qualifier.console.read_model import lead_search
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_search import LeadQuery
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.qualification.leads import Lead
from tests.support.console_records import NAMES, TOPICS, RecordLog, projected, qualified_lead, sqlite_url, tables
from tests.support.console_server import ConsoleServer

FIRST, LAST, OWNERS, STATUSES = (
    ("Anna", "Ana", "Max"),
    ("Weber", "Wagner", "L1"),
    ("U-1", "U-2", None),
    ("open", "lost"),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    log = RecordLog()
    for number, (first, last, owner, status) in enumerate(itertools.product(FIRST, LAST, OWNERS, STATUSES)):
        name = f"{first} {last}"
        lead = qualified_lead(name, at=number) if number % 5 == 0 else Lead(known=True, attributes={"name": name})
        lead.owner_id, lead.status = owner, status
        log.lead(f"L{number * 7 % 11}-{number}", lead)
    database = projected(sqlite_url(tmp_path_factory.mktemp("search")), log.records)
    Projection(database, TOPICS, name_attributes=NAMES).caught_up(0)
    yield database
    database.close()


def meets(query: LeadQuery, lead_id: str, lead: dict[str, Any]) -> bool:
    """Worked out without SQL."""
    words = str(lead["attributes"]["name"]).lower().split()
    wanted = query.text.lower().split()
    named = bool(wanted) and all(any(word.startswith(one) for word in words) for one in wanted)
    return (
        (not query.text or lead_id.startswith(query.text) or named)
        and query.owner_id in {"", lead.get("owner_id")}
        and query.status in {"", lead.get("status", "open")}
        and query.qualified in {None, "marks" in lead}
    )


@pytest.mark.parametrize(("few", "most"), [(5_000, 20_000), (9, 0), (0, 4), (0, 20_000)])
def test_every_way_of_searching_finds_the_same_page_by_page(
    few: int, most: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_search, "_FEW", few)
    monkeypatch.setattr(lead_search, "_MOST", most)
    monkeypatch.setattr(lead_search, "_STEPS", (1, 3))
    reader = Reader(database, unknown_leads="open")
    everything = reader.search(LeadQuery(), after=None, limit=1000)
    held = {key.decode(): json.loads(value) for key, value in tables(database)[0].items()}
    for text, owner, status, qualified in itertools.product(
        ("", "L1", "L", "a", "an w", "anna wagner", "nobody", "max nobody"),
        ("", "U-1", "U-9"),
        ("", "lost"),
        (None, True, False),
    ):
        query = LeadQuery(text=text, owner_id=owner, status=status, qualified=qualified)
        found: list[str] = []
        after = None
        while page := reader.search(query, after=after, limit=4):
            found += [one.lead_id for one in page]
            after = page[-1].position
        told = [one.lead_id for one in everything if meets(query, one.lead_id, held[one.lead_id])]
        assert found == (sorted(told) if query.by_id else told), query


#: Tables that grow with leads, events and time.
LARGE = "leads|words|events|qualifications|reactions|trail|dead_letters|assignment_leads|merged"
WHOLE = re.compile(rf"SCAN lead_qualifier_(?:{LARGE})(?! USING)")
PAGES = (
    "/",
    "/leads",
    "/leads?q=anna&owner=U-4&status=open&qualified=true",
    "/leads?q=anna%20weber",
    "/leads?status=open&qualified=false",
    "/lead?id=L-1001",
    "/models",
    "/model?id=enterprise",
    "/report",
    "/report?by=attribute&attribute=country",
    "/report.csv?model=enterprise",
    "/api/v1/qualifications?model=enterprise&since=2026-01-01T00:00:00Z",
    "/sellers",
    "/waiting",
    "/journeys",
    "/audit",
    "/audit?id=enterprise&kind=model",
    "/dead-letters",
    "/dead-letters?reason=410",
    "/dead-letters?key=L-1001&reason=number&topic=lead-score-changed",
    "/api/v1/scoring-models/engagement/histogram",
)


def test_no_page_reads_a_whole_table(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server, server.client() as client:
        Projection(server.database, TOPICS, name_attributes=NAMES).caught_up(0)
        whole = {page: found for page in PAGES if (found := whole_tables_read(server.database, client, page))}
    assert whole == {}


def whole_tables_read(database: Database, client: httpx.Client, page: str) -> list[str]:
    """The statements for a page by which SQLite goes through all rows of a large table."""
    found: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            found.extend(statement for step in plan if WHOLE.search(step[3]))

    event.listen(database._engine, "before_cursor_execute", explain)
    try:
        assert client.get(page).status_code == 200
    finally:
        event.remove(database._engine, "before_cursor_execute", explain)
    return found
