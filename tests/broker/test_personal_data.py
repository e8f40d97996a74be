"""Of leads, logs carry ids only; and of an erased lead nothing is left where we keep it."""

from __future__ import annotations

import json
import random

import pytest

from tests.broker.conftest import Install
from tests.support.comparison import remembers_only_erasure
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, encode, feature, model, score, scoring_model

pytestmark = pytest.mark.broker

PERSON = "Ada Lovelace"
OWNER, CONTACT = "owner-Xq7", "contact-Xq7"
PRIVATE = [PERSON, "ada@example.org", OWNER, CONTACT, "+41 79 555 01 01"]
#: What a line about a lead may say, beside which lead: nothing of it is the lead's.
ABOUT_A_LEAD = {
    "event",
    "level",
    "timestamp",
    "lead_id",
    "event_id",
    "model",
    "version",
    "number",
    "origin",
    "trigger_event_id",
}


@pytest.fixture(scope="module")
def here(install: Install) -> Installation:
    here = install(partitions=2)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    attributes = {"name": PERSON, "email": "ada@example.org", "phone": "+41 79 555 01 01"}
    leads = [f"P-{number}" for number in range(40)]
    here.changes(*(change(lead, 1, owner_id=OWNER, contact_id=CONTACT, attributes=attributes) for lead in leads))
    here.settle()
    here.scores(*(score(lead, "engagement", 40 + number, 2) for number, lead in enumerate(leads)))
    # each of them unreadable, with a person's data in the place that is wrong
    rng = random.Random(7)
    whole = encode(change("P-1", 3, owner_id=OWNER, attributes=attributes))
    for _ in range(20):
        here.send_bytes("lead-changed", b"P-1", whole[: rng.randrange(20, len(whole))])
    for broken in (
        {"status": PERSON},
        {"owner_id": [OWNER]},
        {"attributes": PERSON},
        {"sales_ready": "ada@example.org"},
        {"occurred_at": PERSON},
    ):
        here.send_bytes("lead-changed", b"P-1", encode(change("P-1", 3) | broken))
    here.send_bytes("lead-changed", PERSON.encode(), encode(change("P-1", 3)))
    here.send_bytes("lead-changed", b"P-1", whole, headers=[("content-type", b"application/cloudevents+json")])
    here.settle()
    return here


def test_log_lines_of_leads_carry_their_ids_and_nothing_else_of_theirs(here: Installation) -> None:
    worker = here.running()[0]
    about = [line for line in worker.lines() if "P-" in json.dumps(line)]
    assert len(about) == len(here.qualified()) > 0
    for line in about:
        assert line["event"] == "lead_qualified"
        assert line.keys() <= ABOUT_A_LEAD, line.keys() - ABOUT_A_LEAD
        assert "P-" not in json.dumps({name: value for name, value in line.items() if name != "lead_id"})
    assert not [private for private in PRIVATE if private in worker.log.read_text()]


def test_the_reasons_of_dead_letters_hold_no_values(here: Installation) -> None:
    letters = here.outs.records["lead-dead-letters"]
    assert len(letters) == 27
    for letter in letters:
        reason = dict(letter.headers)["dl_reason"]
        assert reason
        assert not [private for private in PRIVATE if private.encode() in reason], reason


def test_nothing_is_left_of_an_erased_lead(here: Installation) -> None:
    before = here.running()[0]
    assert any("P-30" in line for line in before.log.read_text().splitlines()), "it qualified"
    told = len(before.log.read_text())
    here.erase("P-30")
    here.settle()
    # events that were on their way are read after it: what they say of it is about an unknown lead
    here.check()
    kept = {record.key: record.value for record in here.outs.records["lead-state"]}  # as compaction leaves it
    remembered = json.loads(kept[b"P-30"] or b"")
    assert remembers_only_erasure(remembered)
    assert not [private for private in PRIVATE if private.encode() in (kept[b"P-30"] or b"")]
    rest = b"".join(value or b"" for value in kept.values())
    assert b"P-30" not in rest
    assert b"P-31" in kept
    # nor with a worker that restores its state from there
    after = here.start_worker()
    after.wait_ready()
    here.scores(*(score(f"Q-{number}", "engagement", 90, 5) for number in range(10)))
    here.settle_and_check()
    for worker, text in ((before, before.log.read_text()[told:]), (after, after.log.read_text())):
        assert "P-30" not in text
        assert "P-" not in worker.get("/metrics")[1]
        assert not [private for private in PRIVATE if private in worker.get("/metrics")[1]]
