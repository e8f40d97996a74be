"""What workers know by a projected topic: records of others on it change nothing, and end nothing."""

from __future__ import annotations

import pytest

from lead_qualifier.definitions.entries import Entry, decode_entry, definitions_from, encode_entry
from lead_qualifier.engine import PlainRecord
from lead_qualifier.services.projected_table import ProjectedTable


@pytest.mark.parametrize(
    "spoilt", [b"", b"{", b"\xff", b'{"id":"x","revision":9,"status":"draft","draft":{"a":' + b"[" * 20_000]
)
def test_a_record_that_cannot_be_read_is_left_out(spoilt: bytes) -> None:
    table = ProjectedTable("t", decode=decode_entry, snapshot=definitions_from, changed=lambda: None)
    good = encode_entry(Entry(id="good", revision=1, status="live", version=1, published={"id": "good"}))
    values = (spoilt, good)
    table.expect(len(values))
    records = [PlainRecord("t", 0, offset, 0, b"k", value, ()) for offset, value in enumerate(values)]
    table.follow(records, len(records))
    definitions = table.current()
    assert definitions is not None
    assert list(definitions.live) == ["good"]
