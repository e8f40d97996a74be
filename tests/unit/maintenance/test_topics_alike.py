"""Topics that were created just now are waited for."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from lead_qualifier.kafka.connection import relearning
from lead_qualifier.maintenance import topics_alike
from lead_qualifier.messages.topics import LEAD_STATE


class Client:
    """Answers as librdkafka does: from the metadata that it has, which says that no partition has a leader."""

    def __init__(self) -> None:
        self.knows_leaders = False

    def list_topics(self, **_: Any) -> None:
        self.knows_leaders = True

    def list_offsets(self, places: Iterable[Any], **_: Any) -> dict[Any, Future[Any]]:
        told: dict[Any, Future[Any]] = {place: Future() for place in places}
        for future in told.values():
            if self.knows_leaders:
                future.set_result(SimpleNamespace(offset=0))
            else:
                future.set_exception(KafkaException(KafkaError(KafkaError._NOENT)))
        return told


def test_metadata_without_a_leader_is_read_again_instead_of_waiting_for_it_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topics_alike, "_SECONDS", 0.5)
    client = Client()
    topics_alike._wait_for_leaders(cast("AdminClient", client), [LEAD_STATE], "p.", 2)
    assert client.knows_leaders


def test_an_error_is_raised_as_it_is_after_metadata_was_read_again() -> None:
    client = Client()
    with pytest.raises(KafkaException, match="_NOENT"), relearning(cast("AdminClient", client)):
        next(iter(client.list_offsets(["x"]).values())).result()
    assert client.knows_leaders
