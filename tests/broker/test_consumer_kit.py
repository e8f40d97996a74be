"""The consumer kit against a real broker: what is seen, in what order, how often, and what becomes of the rest."""

from __future__ import annotations

import time

import pytest

from lead_qualifier.client.dead_letters import DeadLetters, Filter
from lead_qualifier.consumer import Event, PermanentFailure, RetryLater, Subscription, UnhandledEvent
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.messages.topics import LEAD_DEAD_LETTERS
from tests.support.subscriptions import QUICK, TOPIC, running, send, until

pytestmark = pytest.mark.broker


def test_each_committed_event_once_and_in_order_with_retries_and_dead_letters(kafka: Broker, prefix: str) -> None:
    leads = [f"L-{number}" for number in range(20)]
    events = [(lead, f"{lead}/{number}") for number in range(5) for lead in leads]
    send(kafka, prefix, events + events[:10])
    aborted = send(kafka, prefix, [("L-1", "aborted")], **{"transactional.id": prefix})
    aborted.abort_transaction(30)
    handled: dict[str, list[str]] = {}
    failed: set[str] = set()

    def handle(event: Event) -> None:
        if event.event_id == "L-3/2":
            raise PermanentFailure("no such owner")
        if event.event_id == "L-4/1":
            raise KeyError("never works")
        if event.event_id.endswith("/1") and event.event_id not in failed:
            failed.add(event.event_id)
            raise RetryLater(0.3)
        handled.setdefault(event.lead_id, []).append(event.event_id)

    subscription = Subscription(
        kafka.connection,
        topics=[TOPIC],
        group=prefix + "crm",
        handler=handle,
        retry=QUICK,
        dead_letters=LEAD_DEAD_LETTERS.name,
        topic_prefix=prefix,
        concurrency=4,
    )
    with running(subscription):
        until(lambda: len(subscription.lag()) == 4 and not any(subscription.lag().values()))
    expected = {lead: [f"{lead}/{number}" for number in range(5)] for lead in leads}
    expected["L-3"].remove("L-3/2")
    expected["L-4"].remove("L-4/1")
    assert handled == expected
    letters = DeadLetters(kafka.connection, topic_prefix=prefix).find(Filter())
    assert {letter.key: letter.reason for letter in letters} == {
        b"L-3": "no such owner",
        b"L-4": "given up after 4 attempts: the handler failed with KeyError",
    }
    assert subscription.counts()["duplicate"] == 10


def test_without_a_dead_letter_topic_the_consumer_ends_and_commits_nothing_beyond(kafka: Broker, prefix: str) -> None:
    send(kafka, prefix, [("L-1", "a"), ("L-1", "b")])
    seen: list[str] = []

    def refuse(event: Event) -> None:
        raise PermanentFailure("no")

    group = prefix + "strict"
    with pytest.raises(UnhandledEvent, match="no; fix"):
        Subscription(kafka.connection, topics=[TOPIC], group=group, handler=refuse, topic_prefix=prefix).run()
    again = Subscription(
        kafka.connection,
        topics=[TOPIC],
        group=group,
        handler=lambda event: seen.append(event.event_id),
        topic_prefix=prefix,
    )
    with running(again):
        until(lambda: len(seen) == 2)
    assert seen == ["a", "b"]


def test_two_members_share_the_partitions_and_nothing_is_missed_or_comes_twice(kafka: Broker, prefix: str) -> None:
    handled: list[str] = []

    def handle(event: Event) -> None:
        time.sleep(0.005)
        handled.append(event.event_id)

    def member() -> Subscription:
        return Subscription(
            kafka.connection,
            topics=[TOPIC],
            group=prefix + "pair",
            handler=handle,
            topic_prefix=prefix,
        )

    first, second = member(), member()
    events = [(f"L-{number % 50}", f"e{number}") for number in range(2_000)]
    with running(first):
        send(kafka, prefix, events[:1_000])
        until(lambda: len(handled) > 200)
        with running(second):
            until(lambda: len(second.lag()) > 0)
            send(kafka, prefix, events[1_000:])
            until(lambda: second.counts().get("handled", 0) > 0 and first.counts()["handled"] > 0)
            until(lambda: len(set(handled)) > 1_500)
        until(lambda: len(handled) >= 2_000)
    assert sorted(handled) == sorted(event_id for _, event_id in events)
