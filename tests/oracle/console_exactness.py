"""Whether a database holds exactly what the oracle foretells of records."""

from __future__ import annotations

from collections.abc import Sequence

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.kafka.records import Record
from tests.oracle.console import foretell, foretell_dead_letters, foretell_scores
from tests.oracle.console_qualifications import foretell_qualifications
from tests.support.console_dead_letters import buried
from tests.support.console_records import counted, counted_scores, tables


def assert_exact(database: Database, records: Sequence[Record], *, words: bool = True) -> None:
    """Not `words`: names have what the oracle does not split into words."""
    compared = 3 if words else 2
    assert tables(database)[:compared] == foretell(records)[:compared]
    assert counted_scores(database) == foretell_scores(records)
    assert counted(database) == foretell_qualifications(records)
    assert buried(database) == foretell_dead_letters(records)
