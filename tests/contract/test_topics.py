"""The catalogue of topics follows the contract."""

import pytest

from lead_qualifier.messages.topics import (
    ALL_TOPICS,
    HEADROOM_BYTES,
    LEAD_DEAD_LETTERS,
    LEAD_HANDOVERS,
    LEAD_QUALIFIED,
    LEAD_SCORE_CHANGED,
    LEAD_STATE,
    QUALIFICATION_TOPICS,
    Topic,
)

BY_NAME = {topic.name: topic for topic in QUALIFICATION_TOPICS}
DAY_MS = 24 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("name", "partitions", "cleanup"),
    [
        ("lead-score-changed", "N", "delete"),
        ("lead-changed", "N", "compact"),
        ("lead-merged", "N", "delete"),
        ("lead-sales-response", "N", "delete"),
        ("lead-handovers", "N", "delete"),
        ("scoring-model-changed", "1", "compact"),
        ("qualification-commands", "1", "delete"),
        ("feature-commands", "1", "delete"),
        ("qualification-models", "1", "compact"),
        ("qualification-model-changed", "1", "delete"),
        ("command-state", "1", "compact"),
        ("lead-qualified", "N", "delete"),
        ("lead-recycled", "N", "delete"),
        ("lead-state", "N", "compact"),
        ("lead-dead-letters", "N", "delete"),
    ],
)
def test_partitions_and_cleanup_are_the_contract_s(name: str, partitions: str, cleanup: str) -> None:
    topic = BY_NAME[name]
    assert (topic.partitions, topic.cleanup) == (partitions, cleanup)
    assert topic.config()["cleanup.policy"] == cleanup
    assert topic.partition_count(8) == (8 if partitions == "N" else 1)


def test_every_topic_is_listed_once() -> None:
    assert len(BY_NAME) == len(QUALIFICATION_TOPICS) == 15


@pytest.mark.parametrize("topic", QUALIFICATION_TOPICS, ids=lambda topic: topic.name)
def test_only_topics_that_delete_have_a_retention(topic: Topic) -> None:
    assert ("retention.ms" in topic.config()) == (topic.cleanup == "delete")


def test_dead_letters_are_kept_for_fourteen_days() -> None:
    assert LEAD_DEAD_LETTERS.config()["retention.ms"] == str(14 * DAY_MS)


def test_what_was_handed_over_is_kept_for_seven_days() -> None:
    assert LEAD_HANDOVERS.config()["retention.ms"] == str(7 * DAY_MS)


def test_an_erased_lead_vanishes_within_days() -> None:
    assert LEAD_STATE.config()["max.compaction.lag.ms"] == str(DAY_MS)


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_only_inputs_and_state_take_the_broker_s_time(topic: Topic) -> None:
    """Old records of a backfill would be deleted unread by the time that their producer gives them."""
    read_back = topic.name.endswith("-state") or topic.name in {"lead-handovers", "assignment-queue"}
    ours_for_others = topic.ours and not read_back
    assert (topic.config().get("message.timestamp.type") == "LogAppendTime") is not ours_for_others
    assert not topic.may_lose_unread(topic.config())


@pytest.mark.parametrize(
    ("other", "loses"),
    [
        ({}, True),
        ({"message.timestamp.before.max.ms": str(2**63 - 1)}, True),
        ({"message.timestamp.before.max.ms": str(4 * DAY_MS)}, True),
        ({"message.timestamp.before.max.ms": str(3 * DAY_MS)}, False),  # the broker refuses them, aloud
        ({"retention.ms": "-1"}, False),
        ({"cleanup.policy": "compact"}, False),
        ({"cleanup.policy": "compact,delete"}, True),
    ],
)
def test_a_producer_s_time_may_lose_old_records(other: dict[str, str], loses: bool) -> None:
    config = {**LEAD_SCORE_CHANGED.config(), "message.timestamp.type": "CreateTime", **other}
    assert LEAD_SCORE_CHANGED.may_lose_unread(config) is loses
    assert not LEAD_QUALIFIED.may_lose_unread(config)


def test_records_of_ours_may_exceed_the_inputs_by_64_kib() -> None:
    exceeding = {topic.name for topic in QUALIFICATION_TOPICS if "max.message.bytes" in topic.config()}
    assert exceeding == {
        "qualification-models",
        "qualification-model-changed",
        "command-state",
        "lead-qualified",
        "lead-recycled",
        "lead-handovers",
        "lead-state",
        "lead-dead-letters",
    }
    assert HEADROOM_BYTES == 65_536
    assert LEAD_DEAD_LETTERS.config()["max.message.bytes"] == str(1_048_588 + 65_536)
    assert LEAD_DEAD_LETTERS.config(8_000_000)["max.message.bytes"] == str(8_000_000 + 65_536)


@pytest.mark.parametrize(
    ("prefix", "name"),
    [("", "lead-score-changed"), ("acme.", "acme.lead-score-changed"), ("x", "xlead-score-changed")],
)
def test_the_prefix_is_prepended_verbatim(prefix: str, name: str) -> None:
    assert LEAD_SCORE_CHANGED.full_name(prefix) == name
