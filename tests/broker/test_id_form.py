"""A worker that requires GUIDs: any other form of an id becomes a dead letter, and nothing is rewritten."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.messages import encode, score

pytestmark = pytest.mark.broker

GUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def test_a_score_of_a_lead_in_another_form_becomes_a_dead_letter(kafka: Broker, tmp_path: Path) -> None:
    line = CommandLine(kafka.bootstrap_servers, tmp_path)
    line.environment["LEAD_QUALIFIER_ID_NORMALISATION"] = "guid"
    try:
        line.run("topics", "create").fine()
        worker = line.start_worker()
        worker.wait_ready()
        for lead_id in (GUID.upper(), GUID):
            line.send("lead-score-changed", lead_id.encode(), encode(score(lead_id, "engagement", 83, 1)))
        deadline = time.monotonic() + 30
        while "engagement" not in (shown := line.run("lead", "show", GUID)).out:
            assert time.monotonic() < deadline, shown
        while not worker.metric("lead_qualifier_dead_letters_total", reason="id_form"):
            assert time.monotonic() < deadline, "no dead letter"
            time.sleep(0.2)
        [letter] = line.run("dead-letters", "list", "--json").fine().json()
        assert "lead_id must be a GUID in lower case, with hyphens and without braces" in letter["reason"]
        assert "found capital letters" in letter["reason"]
        refused = line.run("lead", "show", GUID.upper())
        assert (refused.code, letter["reason"] in refused.err) == (1, True)
        fed = line.run("feed", "-", stdin=encode(score(GUID.upper(), "engagement", 83, 1)) + b"\n")
        assert (fed.code, letter["reason"] in fed.err) == (1, True)
    finally:
        line.close()
