from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.consumer import InMemoryProcessedEvents, ProcessedEvents, SqliteProcessedEvents


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_newest_of_each_partition_are_remembered(kind: str, tmp_path: Path) -> None:
    processed: ProcessedEvents
    processed = InMemoryProcessedEvents(2) if kind == "memory" else SqliteProcessedEvents(tmp_path / "file", 2)
    for identity in ("a", "b", "b", "c", "d"):
        processed.add("t", 0, identity)
    processed.add("t", 1, "other")
    assert [processed.contains("t", 0, identity) for identity in "acd"] == [False, True, True]
    assert processed.contains("t", 1, "other")
    assert not processed.contains("t", 0, "other")


def test_a_file_remembers_over_restarts(tmp_path: Path) -> None:
    with SqliteProcessedEvents(tmp_path / "file") as processed:
        processed.add("t", 0, "a")
    with SqliteProcessedEvents(tmp_path / "file") as processed:
        assert processed.contains("t", 0, "a")
