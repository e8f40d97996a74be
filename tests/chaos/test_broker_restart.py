"""After a restart of the broker commands are decided soon, not only once clients renew their metadata."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.broker.local_kafka import LocalKafka
from tests.broker.system.installation import Installation
from tests.broker.system.messages import apply, feature, model, scoring_model

pytestmark = [pytest.mark.broker, pytest.mark.chaos]

#: librdkafka renews its metadata every 300 s.
SOON_SECONDS = 40


def test_commands_are_decided_soon_after_a_broker_was_killed_and_restarted(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    kafka = make_kafka()
    here = Installation(kafka.bootstrap_servers, tmp_path, partitions=2)
    try:
        here.start_worker().wait_ready()
        here.announce(scoring_model("engagement", "live"))
        here.order(feature("enable"))
        kafka.kill()
        kafka.restart()
        began = time.monotonic()
        definition = model("enterprise", "all", {"engagement": 50})
        order = apply(definition)
        here.send("qualification-commands", order)
        assert here.outcome(order["command_id"], SOON_SECONDS)["outcome"] == "accepted"
        print(f"decided {time.monotonic() - began:.1f} s after the broker answered again")
    finally:
        here.close()
