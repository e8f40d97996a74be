"""Offsets are asked for again while the broker is about to know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka import admin as module
from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.errors import NotAllowed, TopicMissing


class Client:
    """Answers as librdkafka does: from the metadata that it has, which says that no partition has a leader."""

    def __init__(self, error: int = KafkaError._NOENT, *, relearns: bool = True) -> None:
        self.error = error
        self.relearns = relearns
        self.knows_leaders = False

    def list_topics(self, *_: Any, **__: Any) -> Any:
        self.knows_leaders = self.relearns
        return SimpleNamespace(topics={})

    def list_offsets(self, partitions: Iterable[Any], **_: Any) -> dict[Any, Future[Any]]:
        answers: dict[Any, Future[Any]] = {partition: Future() for partition in partitions}
        for future in answers.values():
            if self.knows_leaders:
                future.set_result(SimpleNamespace(offset=0))
            else:
                future.set_exception(KafkaException(KafkaError(self.error)))
        return answers


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client()
    monkeypatch.setattr(module, "AdminClient", lambda config: client)
    return client


def test_metadata_without_a_leader_is_read_again_instead_of_waiting_for_it_to_change(client: Client) -> None:
    assert Admin({}).list_offsets({("t", 0): LATEST}, wait=0.5) == {("t", 0): 0}
    assert client.knows_leaders


def test_an_error_is_raised_as_it_is_after_metadata_was_read_again(client: Client) -> None:
    with pytest.raises(KafkaException, match="_NOENT"):
        Admin({}).list_offsets({("t", 0): LATEST})
    assert client.knows_leaders


def test_other_errors_pass_only_where_topics_were_created_just_now(client: Client) -> None:
    client.error = KafkaError.UNKNOWN_TOPIC_OR_PART
    with pytest.raises(KafkaException, match="UNKNOWN_TOPIC_OR_PART"):
        Admin({}).list_offsets({("t", 0): LATEST}, wait=0.5)
    client.knows_leaders = False
    assert Admin({}).list_offsets({("t", 0): LATEST}, wait=0.5, created_just_now=True) == {("t", 0): 0}


def test_a_missing_topic_and_a_missing_right_are_told_by_name(client: Client) -> None:
    client.relearns = False
    client.error = KafkaError.UNKNOWN_TOPIC_OR_PART
    with pytest.raises(TopicMissing) as missing:
        Admin({}).ends([("t", 0)])
    assert missing.value.topic == "t"
    client.error = KafkaError.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(NotAllowed) as refused:
        Admin({}).ends([("t", 0)])
    assert refused.value.rights == ("Describe on topic t",)


class LeaderlessClient(Client):
    """Of a partition whose leader is gone, metadata know so; who asks for its offsets waits until the timeout."""

    asked = 0

    def list_topics(self, *_: Any, **__: Any) -> Any:
        leader = 1 if self.knows_leaders else -1
        return SimpleNamespace(topics={"t": SimpleNamespace(partitions={0: SimpleNamespace(leader=leader)})})

    def list_offsets(self, partitions: Iterable[Any], **_: Any) -> dict[Any, Future[Any]]:
        self.asked += 1
        return super().list_offsets(partitions)


def test_offsets_are_not_asked_for_again_before_there_is_a_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    client = LeaderlessClient(KafkaError._TIMED_OUT)
    monkeypatch.setattr(module, "AdminClient", lambda config: client)
    admin = Admin({})
    with pytest.raises(KafkaException, match="_TIMED_OUT"):
        admin.list_offsets({("t", 0): LATEST})
    with pytest.raises(KafkaException, match="t-0 has no leader"):
        admin.list_offsets({("t", 0): LATEST})
    assert client.asked == 1
    client.knows_leaders = True
    assert admin.list_offsets({("t", 0): LATEST}) == {("t", 0): 0}


class DeafClient(Client):
    """Never an answer of a broker: only errors."""

    def list_topics(self, *_: Any, **__: Any) -> Any:
        raise KafkaException(KafkaError(self.error))


@pytest.mark.parametrize(
    "ask",
    [Admin.ping, Admin.partition_counts, lambda admin: admin.partitions("t"), lambda admin: admin.leaderless("t")],
)
def test_a_client_that_no_broker_answers_for_long_is_replaced(
    ask: Callable[[Admin], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, made = [0.0], [DeafClient(KafkaError._TRANSPORT), Client()]
    monkeypatch.setattr(module, "AdminClient", lambda config: made.pop(0))
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    admin = Admin({})
    for now[0] in (0.0, 14.9, 15.0):
        with pytest.raises(KafkaException, match="_TRANSPORT"):
            ask(admin)
    with suppress(TopicMissing):
        ask(admin)
    assert not made


def test_a_client_that_a_broker_answers_by_an_error_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now, client = [0.0], DeafClient(KafkaError._TRANSPORT)
    made = [client]
    monkeypatch.setattr(module, "AdminClient", lambda config: made.pop(0))
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    admin = Admin({})
    silent, answered = KafkaError._TRANSPORT, KafkaError.INVALID_REQUEST
    for now[0], client.error in ((0.0, silent), (10.0, answered), (20.0, silent), (25.0, silent)):
        with pytest.raises(KafkaException):
            admin.ping()  # a second client would be one too many
