"""What tools read of events of ours, where others may have written to the topics."""

import pytest

from lead_qualifier.client.told import event_of


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{", b"null", b"[1]", b"[" * 9_000, b'{"b": 1}'])
def test_what_is_no_event_of_ours_is_left_out(value: bytes | None) -> None:
    assert event_of(value, ["a"]) is None


def test_an_event_is_read_with_all_its_fields() -> None:
    assert event_of(b'{"a": 1, "b": [2]}', ["a"]) == {"a": 1, "b": [2]}
