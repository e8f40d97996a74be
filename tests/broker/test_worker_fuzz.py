"""Hypothesis-made records on every topic that a running worker reads: it lives, each bad one is a dead letter exactly
once with its bytes, and each good one is handled.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.broker.conftest import Install
from tests.oracle import reading
from tests.oracle.reading import Bad, Input, when
from tests.support import messages
from tests.support.installation import Installation
from tests.support.messages import apply, command, feature, model, score
from tests.support.near_valid import Message, Sent, near_valid

pytestmark = pytest.mark.broker

PARTITIONS = 2
#: The same records in every run, and no shrinking: what was sent cannot be taken back.
FUZZ = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
LEADS = [f"F-{number}" for number in range(40)]
IDS = st.integers(0, 10**6).map(lambda number: f"fuzz-{number}")


@pytest.fixture(scope="module")
def here(install: Install) -> Iterator[Installation]:
    """One worker; a lead with a score of 50 on `engagement` qualifies, and again once it has been reset."""
    here = install(partitions=PARTITIONS)
    here.start_worker().wait_ready()
    here.announce(messages.scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    yield here
    assert here.running(), "the worker did not survive"


def send(here: Installation, topic: str, one: Sent) -> None:
    here.send_bytes(topic, one.key, one.value, one.headers, one.partition)


# -- leads: the oracle reads the same records and foretells everything


def scores(since: int) -> st.SearchStrategy[Message]:
    """Scores of the 500 minutes from `since` on."""
    return st.builds(
        lambda lead, name, value, minute, event_id: score(lead, name, value, minute) | {"event_id": event_id},
        st.sampled_from(LEADS),
        st.sampled_from(["engagement", "demographic"]),
        st.sampled_from([0, 49.999, 50, 83.5, 100]) | st.floats(allow_nan=False, allow_infinity=False),
        st.integers(since, since + 500),
        IDS,
    )


def changes(since: int) -> st.SearchStrategy[Message]:
    """Changes of leads in the 500 minutes from `since` on."""
    return st.builds(
        lambda lead, minute, fields: messages.change(lead, minute, **fields),
        st.sampled_from(LEADS),
        st.integers(since, since + 500),
        st.fixed_dictionaries(
            {},
            optional={
                # mostly open: only open leads qualify
                "status": st.sampled_from([*["open"] * 6, "qualified", "disqualified"]),
                "status_reason": st.sampled_from(["new", "contacted", "marketing_qualified", "lost"]),
                "sales_ready": st.booleans(),
                "owner_id": st.none() | st.text(min_size=1, max_size=4),
                "contact_id": st.none() | st.just("C-1"),
                "attributes": st.dictionaries(
                    st.text(max_size=3), st.none() | st.booleans() | st.integers() | st.text(max_size=3), max_size=3
                ),
            },
        ),
    )


def lead_id(message: Message) -> str:
    return str(message["lead_id"])


def test_leads_are_as_the_oracle_reads_whatever_is_sent(here: Installation) -> None:
    counted: Counter[str] = Counter()

    for since in (0, 1000):  # the second time on leads that are marked

        @settings(FUZZ, max_examples=600)
        @given(near_valid(changes(since), lead_id, keyless=False))
        def change(one: Sent) -> None:
            send(here, "lead-changed", one)
            counted["lead-changed"] += 1

        @settings(FUZZ, max_examples=900)
        @given(near_valid(scores(since), lead_id, keyless=True))
        def scored(one: Sent) -> None:
            send(here, "lead-score-changed", one)
            counted["lead-score-changed"] += 1

        change()
        here.settle()
        scored()
        here.settle_and_check()
    dead = Counter(record.topic for record in here.oracle.dead)
    print({topic: f"{dead[topic]} of {count} bad" for topic, count in counted.items()})
    for topic, count in counted.items():
        assert count / 10 < dead[topic] < count * 9 / 10
    assert len(here.oracle.qualified) > 10


# -- commands and announcements, about models, features and scoring models that no lead has anything to do with

DEFINITIONS = st.builds(
    lambda name, match, criteria, actions, more: {
        "id": name,
        "name": name,
        "match": match,
        "criteria": criteria,
        "actions": actions,
        **more,
    },
    st.sampled_from(["fuzz-a", "fuzz-b"]),
    st.sampled_from(["all", "any", {"at_least": 1}, {"at_least": 9}, {"at_least": 0}, "none", 1, None]),
    st.lists(
        st.fixed_dictionaries(
            {
                "scoring_model": st.sampled_from(["nobody-1", "nobody-2", ""]),
                "threshold": st.integers(0, 9) | st.floats() | st.just("5"),
            }
        ),
        max_size=3,
    ),
    st.sampled_from([{"sales_ready": True}, {"status_reason": "marketing_qualified"}, {}, {"sales_ready": 1}, []]),
    st.sampled_from(
        [
            {},
            {"existing_leads": "ignore"},
            {"existing_leads": "some"},
            {"requalification": {"policy": "never"}},
            {"requalification": {"policy": "when_reset", "cool_down": "1d"}},
            {"requalification": {"policy": "on_recross", "cool_down": -1}},
            {"hold": "15m"},
        ]
    ),
)
COMMANDS: st.SearchStrategy[Message] = st.builds(
    lambda what, name, command_id, revision, definition: (
        command(what, name)
        | {"command_id": command_id}
        | ({} if revision is None else {"expected_revision": revision})
        | ({"definition": definition | {"id": name}} if what == "apply" else {})
    ),
    st.sampled_from(["apply", "apply", "publish", "stop", "delete", "halt"]),
    st.sampled_from(["fuzz-a", "fuzz-b"]),
    IDS,
    st.sampled_from([None, None, None, 0, 1, 7]),
    DEFINITIONS,
)
FEATURES: st.SearchStrategy[Message] = st.builds(
    lambda what, name, command_id: feature(what, name) | {"command_id": command_id},
    st.sampled_from(["enable", "disable", "toggle"]),
    st.sampled_from(["fuzzing", "fuzzing-2"]),
    IDS,
)
ANNOUNCEMENTS: st.SearchStrategy[Message] = st.builds(
    messages.scoring_model,
    st.sampled_from(["nobody-1", "nobody-2"]),
    st.sampled_from(["live", "draft", "stopped", "retired"]),
    st.integers(0, 500),
)
KINDS: dict[str, tuple[st.SearchStrategy[Message], str]] = {
    "qualification-commands": (COMMANDS, "qualification_model_id"),
    "feature-commands": (FEATURES, "feature"),
    "scoring-model-changed": (ANNOUNCEMENTS, "scoring_model_id"),
}


@pytest.mark.parametrize("topic", KINDS)
def test_a_command_is_answered_once_or_is_a_dead_letter_once(here: Installation, topic: str) -> None:
    strategy, key = KINDS[topic]

    @settings(FUZZ, max_examples=500)
    @given(near_valid(strategy, lambda message: str(message[key]), keyless=topic != "scoring-model-changed"))
    def given_one(one: Sent) -> None:
        send(here, topic, Sent(one.key, one.value, one.headers, partition=0))

    given_one()
    here.flush()
    sent = here.ins.read()  # not for the oracle: it knows commands, not what is almost one
    decided(here)
    here.outs.read()
    dead = Counter(place(record) for record in here.outs.records["lead-dead-letters"])
    outcomes = [json.loads(record.value or b"{}") for record in here.outs.records["qualification-model-changed"]]
    answered = Counter((one["origin"]["topic"], one["origin"]["offset"]) for one in outcomes)
    wrong = []
    for record in sent:
        where = (topic, record.offset)
        is_bad = bad(record, key)
        times = (dead[where], answered[where])
        silent = topic == "scoring-model-changed"  # what changes nothing leaves no trace
        fine = times == (1, 0) if is_bad else times in {(0, 1), *([(0, 0)] if silent else [])}
        if is_bad is None:
            fine = times in {(1, 0), (0, 1)}
        if not fine:
            wrong.append(f"{is_bad=} dead, answered = {times}: {record}")
    assert not wrong, f"{len(wrong)} of {len(sent)}\n" + "\n".join(wrong[:10])
    refused = [record for record in sent if dead[topic, record.offset]]
    here.oracle.dead += refused  # `check` compares their bytes, keys and headers
    here.check()
    print(f"{topic}: {len(refused)} of {len(sent)} bad")
    assert len(sent) / 10 < len(refused) < len(sent) * 9 / 10
    # and whoever is really meant is still heard
    name = f"after-{topic}"
    applied = apply(model(name, "all", {"engagement": 1000}))
    here.order(applied)
    assert here.trail(applied["command_id"])[0]["outcome"] == "accepted"


def place(record: Input) -> tuple[str, int]:
    said = {name: (content or b"").decode() for name, content in record.headers[-4:]}
    return said["dl_topic"].rpartition(".")[2], int(said["dl_offset"])


def bad(record: Input, key: str) -> bool | None:
    """Does it break its contract? None: that hangs on the definition in it, which is not judged here."""
    try:
        told = reading.message(record)
        text(told, key)
        if record.key != told[key].encode():
            raise Bad("key")
        if key == "scoring_model_id":
            text(told, "event_id")
            when(record, told.get("occurred_at"))
            one_of(told, "status", "live", "draft", "stopped")
            if not isinstance(told.get("name", ""), str):
                raise Bad("name")
            return False
        text(told, "command_id")
        text(told, "issued_by")
        when(record, told.get("issued_at"))
        revision = told.get("expected_revision", 0)
        if isinstance(revision, bool) or not isinstance(revision, int):
            raise Bad("expected_revision")
        if key == "feature":
            one_of(told, "command", "enable", "disable")
            return False
        one_of(told, "command", "apply", "publish", "stop", "delete")
        return None if told["command"] == "apply" or revision < 0 else False
    except (Bad, UnicodeEncodeError):
        return True


def text(told: Message, name: str) -> None:
    if not isinstance(told.get(name), str) or not told[name]:
        raise Bad(name)


def one_of(told: Message, name: str, *values: Any) -> None:
    if told.get(name) not in values:
        raise Bad(name)


def decided(here: Installation) -> None:
    deadline = time.monotonic() + 30
    while here.lag():
        assert time.monotonic() < deadline, here.workers[-1].log.read_text()[-3000:]
        time.sleep(0.05)
