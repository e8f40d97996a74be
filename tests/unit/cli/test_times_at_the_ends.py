"""Times at the ends of all calendars are shown, wherever an earlier version let them in."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from lead_qualifier.assignment.state import HeldLead
from lead_qualifier.cli.lead import _about, _history, _scores
from lead_qualifier.cli.screen import moment
from lead_qualifier.client.leads import LeadPresence, LookedUp
from lead_qualifier.qualification.leads import Lead
from tests.support.assigner_harness import AssignerHarness
from tests.support.messages import encode
from tests.unit.assignment.test_explaining import entries
from tests.unit.cli.test_assignment_views import SALES, found, text
from tests.unit.qualification.given import rules

ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:00")
SHOWN = {ENDS[0]: "0001-01-01 00:00:00 UTC", ENDS[1]: "9999-12-31 23:59:59 UTC"}


@pytest.mark.parametrize("at", ENDS)
def test_a_moment_is_shown(at: str) -> None:
    assert moment(datetime.fromisoformat(at)) == SHOWN[at]


@pytest.mark.parametrize("at", ENDS)
def test_a_lead_is_shown(at: str) -> None:
    state = {
        "known": True,
        "changed_at": at,
        "merged_into": "M",
        "merged_at": at,
        "scores": {"engagement": {"value": 80.0, "at": at}},
        "marks": {"enterprise": {"version": 1, "number": 1, "at": at, "trigger": "t", "rejected": at, "barred": True}},
    }
    lead = msgspec.json.decode(encode(state), type=Lead)
    one = LookedUp(presence=LeadPresence.HELD, lead_id="L", partition=0, lead=lead, qualifications=(), unprocessed=0)
    shown = "\n".join([*_about("L", lead), *_scores(lead, rules()), *_history(one, lead)])
    assert shown.count(SHOWN[at]) == 4


@pytest.mark.parametrize("at", ENDS)
def test_an_assignment_is_explained(at: str) -> None:
    harness = AssignerHarness(SALES)
    harness.lead("L-1")
    held = entries(harness, SALES)
    (lead,) = (one for one in held.values() if isinstance(one, HeldLead))
    lead.qualified_at = datetime.fromisoformat(at)
    assert any(SHOWN[at] in line for line in text(found(held)))
