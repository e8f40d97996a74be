"""Topics and logins as Strimzi's resources: names that Kubernetes takes, and nothing lost on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.kafka.acls import Grant, Operation, Resource
from lead_qualifier.messages.topics import LEAD_QUALIFIED, LEAD_SCORE_CHANGED, LEAD_STATE, SCORING_MODEL_CHANGED
from lead_qualifier.services.strimzi import (
    ApiVersion,
    Authentication,
    Target,
    is_resource_name,
    kafka_topic,
    kafka_user,
    resource_name,
)
from lead_qualifier.settings import Settings

TARGET = Target(cluster="main")


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]


def test_a_topic_without_a_prefix_has_the_name_of_its_resource_and_the_brokers_replicas() -> None:
    assert kafka_topic(TARGET, LEAD_SCORE_CHANGED, settings()) == {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": "lead-score-changed", "labels": {"strimzi.io/cluster": "main"}},
        "spec": {
            "partitions": 8,
            "config": {
                "cleanup.policy": "delete",
                "retention.ms": timedelta(days=7) // timedelta(milliseconds=1),
                "message.timestamp.type": "LogAppendTime",
            },
        },
    }


def test_partitions_replicas_and_prefixes_follow_the_settings() -> None:
    chosen = settings(topic_prefix="Acme_", state_prefix="acme.r2.", partitions=12, replication_factor=3)
    target = Target(cluster="main", namespace="kafka", api_version=ApiVersion.V1BETA2)
    scores, state, models = (
        kafka_topic(target, topic, chosen) for topic in (LEAD_SCORE_CHANGED, LEAD_STATE, SCORING_MODEL_CHANGED)
    )
    assert scores["apiVersion"] == "kafka.strimzi.io/v1beta2"
    assert scores["metadata"]["namespace"] == "kafka"
    assert scores["spec"]["topicName"] == "Acme_lead-score-changed"
    assert is_resource_name(scores["metadata"]["name"])
    assert state["metadata"]["name"] == "acme.r2.lead-state"
    assert "topicName" not in state["spec"]
    assert [one["spec"]["partitions"] for one in (scores, state, models)] == [12, 12, 1]
    assert {one["spec"]["replicas"] for one in (scores, state, models)} == {3}


def test_options_reach_each_topic_that_they_are_for() -> None:
    made = [
        kafka_topic(TARGET, topic, settings(), min_insync_replicas=2, input_max_message_bytes=5_000_000)["spec"][
            "config"
        ]
        for topic in (LEAD_SCORE_CHANGED, LEAD_QUALIFIED)
    ]
    assert [one["max.message.bytes"] for one in made] == [5_000_000, 5_065_536]
    assert [one["min.insync.replicas"] for one in made] == [2, 2]


def test_a_user_has_one_rule_for_each_resource() -> None:
    grants = [
        Grant(resource=Resource.TOPIC, names=("a", "b"), operations=(Operation.WRITE,), why=""),
        Grant(resource=Resource.TOPIC, names=("b",), operations=(Operation.READ, Operation.WRITE), why=""),
        Grant(resource=Resource.GROUP, names=("b",), operations=(Operation.READ,), why=""),
        Grant(resource=Resource.TRANSACTIONAL_ID, names=("b",), operations=(Operation.WRITE,), why="", prefixed=True),
        Grant(resource=Resource.GROUP, names=(), operations=(Operation.READ,), why=""),
    ]
    user = kafka_user(TARGET, "worker", Authentication.TLS, grants)
    assert user["metadata"] == {"name": "worker", "labels": {"strimzi.io/cluster": "main"}}
    assert user["spec"]["authentication"] == {"type": "tls"}
    assert user["spec"]["authorization"] == {
        "type": "simple",
        "acls": [
            {"resource": {"type": "topic", "name": "a", "patternType": "literal"}, "operations": ["Write"]},
            {"resource": {"type": "topic", "name": "b", "patternType": "literal"}, "operations": ["Read", "Write"]},
            {"resource": {"type": "group", "name": "b", "patternType": "literal"}, "operations": ["Read"]},
            {"resource": {"type": "transactionalId", "name": "b", "patternType": "prefix"}, "operations": ["Write"]},
        ],
    }


@pytest.mark.parametrize("name", ["acme.lead-state", "a", "0", "a" * 253])
def test_a_name_that_kubernetes_takes_stays(name: str) -> None:
    assert resource_name(name) == name


@pytest.mark.parametrize(
    "name", ["Acme.lead", "acme_lead", "-lead", "acme..lead", ".lead", "a.-b", "lead.", "___", "a" * 254]
)
def test_any_other_name_becomes_one_that_kubernetes_takes(name: str) -> None:
    assert not is_resource_name(name)
    assert is_resource_name(resource_name(name))


NAMES = st.text("aA0.-_", min_size=1, max_size=300)


@given(NAMES, NAMES)
def test_two_names_never_become_one(one: str, other: str) -> None:
    assert is_resource_name(resource_name(one))
    assert one == other or resource_name(one) != resource_name(other)
