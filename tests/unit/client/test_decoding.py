"""What tools read of events of ours, where others may have written to the topics."""

import pytest

from lead_qualifier.client.decoding import decode_event


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{", b"null", b"[1]", b"[" * 9_000, b'{"b": 1}'])
def test_what_is_no_event_of_ours_is_left_out(value: bytes | None) -> None:
    assert decode_event(value, ["a"]) is None


def test_an_event_is_read_with_all_its_fields() -> None:
    assert decode_event(b'{"a": 1, "b": [2]}', ["a"]) == {"a": 1, "b": [2]}
