"""What workers know by a projected topic: records of others on it change nothing, and end nothing."""

from __future__ import annotations

import asyncio
from threading import Thread
from types import SimpleNamespace

import faust
import pytest
from msgspec.structs import replace

from lead_qualifier.definitions.entries import Definitions, Entry, decode_entry, definitions_from, encode_entry
from lead_qualifier.engine import Record
from lead_qualifier.engine.faust.followed_table import FollowedTable

GOOD = Entry(id="good", revision=1, status="live", version=1, published={"id": "good"})


def table_of_definitions() -> FollowedTable[Entry, Definitions]:
    app = faust.App("test", store="memory://")
    return FollowedTable(app, "t", decode=decode_entry, snapshot=definitions_from, changed=lambda: None)


def follow(table: FollowedTable[Entry, Definitions], *values: bytes) -> None:
    """All that the topic has."""
    table.expect(len(values))
    records = [Record("t", 0, offset, 0, b"k", value, ()) for offset, value in enumerate(values)]
    table.follow(records, len(records))


@pytest.mark.parametrize(
    "spoilt", [b"", b"{", b"\xff", b'{"id":"x","revision":9,"status":"draft","draft":{"a":' + b"[" * 20_000]
)
def test_a_record_that_cannot_be_read_is_left_out(spoilt: bytes) -> None:
    table = table_of_definitions()
    follow(table, spoilt, encode_entry(GOOD))
    definitions = table.current()
    assert definitions is not None
    assert list(definitions.live) == ["good"]


def test_the_table_holds_what_the_snapshot_is_made_of_in_the_highest_revision() -> None:
    table = table_of_definitions()
    assert table.current() is None
    newer = replace(GOOD, revision=3)
    follow(table, encode_entry(GOOD), encode_entry(newer), encode_entry(replace(GOOD, revision=2)))
    assert dict(table.items()) == {"good": newer}
    assert table.revision == 3
    assert table.outdated([newer]) == [newer], "the last record on the topic is an older one"


def test_the_store_is_there_before_two_threads_ask_for_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of_definitions()
    new_store = table._new_store

    def interrupted() -> object:
        """Another thread fills the table while this one makes a store."""
        store = new_store()
        thread = Thread(target=follow, args=(table, encode_entry(GOOD)))
        thread.start()
        thread.join()
        return store

    monkeypatch.setattr(table, "_new_store", interrupted)
    assert not dict(table.data.items()), "as Faust asks for it at an assignment"
    follow(table, encode_entry(GOOD))
    follow(table, encode_entry(replace(GOOD, id="next", revision=2)))
    assert dict(table.items()) == {"good": GOOD, "next": replace(GOOD, id="next", revision=2)}


def test_what_faust_delivers_of_the_topic_changes_nothing() -> None:
    table = table_of_definitions()
    table.apply_changelog_batch([SimpleNamespace(key=b"k", value=encode_entry(GOOD), message=None)])
    assert not table.items()


def test_a_table_that_has_been_used_in_a_thread_starts_in_the_event_loop_of_its_app() -> None:
    table = table_of_definitions()
    thread = Thread(target=follow, args=(table, encode_entry(GOOD)))
    thread.start()
    thread.join()

    async def start() -> None:
        assert table.data.loop is asyncio.get_running_loop()

    asyncio.run(start())
