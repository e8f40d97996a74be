"""Two states side by side: each difference is told by lead and part."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from lead_qualifier.maintenance.rebuild.comparison import compare
from lead_qualifier.qualification.leads import Hold, Lead, Mark, Score, Trigger
from tests.unit.qualification.given import START

MARK = Mark(1, 1, START, "e")


def encoded(**leads: Lead) -> dict[bytes, bytes]:
    return {key.encode(): msgspec.json.encode(lead) for key, lead in leads.items()}


def lead(value: float = 80, *, marked: bool = False, status: str = "open", owner: str = "U-1") -> Lead:
    marks = {"enterprise": MARK} if marked else {}
    return Lead(scores={"engagement": Score(value, START)}, marks=marks, status=status, owner_id=owner)


def test_each_part_that_differs_is_told_with_both_sides() -> None:
    live = encoded(a=lead(), b=lead(), c=lead(marked=True), d=lead(), e=lead(), gone=lead())
    rebuilt = encoded(a=lead(), b=lead(81), c=lead(82), d=lead(status="qualified"), e=lead(owner="U-2"), new=lead())
    found = compare(live, rebuilt, limit=100)
    assert (found.live, found.rebuilt, found.equal) == (6, 6, 1)
    assert [(one.lead_id, one.part.value) for one in found.differences] == [
        ("b", "scores"),
        ("c", "scores"),
        ("c", "marks"),
        ("d", "flags"),
        ("e", "other"),
        ("gone", "only_live"),
        ("new", "only_rebuilt"),
    ]
    assert found.counts == {"scores": 2, "marks": 1, "flags": 1, "other": 1, "only_live": 1, "only_rebuilt": 1}
    flags = found.differences[3]
    assert (flags.live, flags.rebuilt) == ({"status": "open"}, {"status": "qualified"})


def test_all_differences_are_counted_and_the_first_of_them_kept() -> None:
    live = encoded(**{f"L-{number}": lead() for number in range(9)})
    found = compare(live, {}, limit=2)
    assert found.counts == {"only_live": 9}
    assert [one.lead_id for one in found.differences] == ["L-0", "L-1"]
    assert compare(live, {}, limit=0).differences == ()


def test_order_of_fields_clocks_and_traces_of_holds_are_no_difference() -> None:
    one, other = (
        Lead(
            holds={
                "m": Hold(
                    1, START + timedelta(seconds=late), START, "live", Trigger("e", "lead-score-changed", 0, 1, trace)
                )
            },
            scores=lead().scores,
        )
        for late, trace in ((10, None), (11, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
    )
    turned = (
        b'{"marks": {}, "scores": {"engagement": {"at": "2026-11-23T09:00:00Z", "value": 80.0}}, "owner_id": "U-1"}'
    )
    found = compare({**encoded(held=one), **encoded(a=lead())}, {**encoded(held=other), b"a": turned}, limit=9)
    assert (found.equal, found.differences) == (2, ())


@pytest.mark.parametrize("value", [b"{", b'{"status_reason": "\xff"}', b'{"x": ' + b"[" * 9_000 + b"]" * 9_000 + b"}"])
def test_what_cannot_be_read_is_said(value: bytes) -> None:
    assert compare({b"a": value}, encoded(a=lead()), limit=9).counts == {"unreadable": 1}


def test_leads_about_which_not_all_is_decided_are_left_out() -> None:
    found = compare(encoded(a=lead(), b=lead()), encoded(a=lead(81), b=lead(), c=lead()), ahead={b"a", b"c"}, limit=9)
    assert (found.equal, found.ahead, found.counts) == (1, 2, {})
