"""The id of a lead-qualified event: the same for the same qualification, and for no other."""

import json
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.messages.lead_qualified import _EVENT_IDS, qualification_event_id


def test_it_never_changes_from_one_release_to_the_next() -> None:
    known = qualification_event_id("L-1001", "enterprise", 3, 1, "0190")
    assert known == "6bc5d6bc-ad1b-5737-9fa4-d9df98a42513"
    assert UUID(known).version == 5


@pytest.mark.parametrize(
    "other",
    [
        ("L-1002", "enterprise", 3, 1, "0190"),
        ("L-1001", "enterprises", 3, 1, "0190"),
        ("L-1001", "enterprise", 4, 1, "0190"),
        ("L-1001", "enterprise", 3, 2, "0190"),
        ("L-1001", "enterprise", 3, 1, "0191"),
        ("L-100", "1enterprise", 3, 1, "0190"),
        ('L-1001", "enterprise', "", 3, 1, "0190"),
    ],
)
def test_any_part_that_differs_makes_another_id(other: tuple[str, str, int, int, str]) -> None:
    assert qualification_event_id(*other[:5]) != qualification_event_id("L-1001", "enterprise", 3, 1, "0190")


@given(
    parts=st.tuples(
        st.text(), st.text(), st.integers(min_value=0), st.integers(min_value=0), st.text() | st.just("\ud800")
    )
)
def test_it_is_the_uuid_of_version_5_of_its_parts_as_json(parts: tuple[str, str, int, int, str]) -> None:
    assert qualification_event_id(*parts) == str(uuid5(_EVENT_IDS, json.dumps(parts)))
