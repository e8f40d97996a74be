"""Runs a consumer in the main thread until the process is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lead_qualifier.consumer.handler_loop import Handler
from lead_qualifier.consumer.subscription import Subscription
from lead_qualifier.kafka.connection import Connection


def consume(connection: Connection, *, topics: Sequence[str], group: str, handler: Handler, **options: Any) -> None:
    """Consume until SIGTERM or SIGINT, then finish the events in progress. `options` are those of Subscription.

    Call it in the main thread. Elsewhere, create a Subscription and stop it yourself. Raises what Subscription.run
    raises.
    """
    subscription = Subscription(connection, topics=topics, group=group, handler=handler, **options)
    with stopped_by_signals(subscription):
        subscription.run()


@contextmanager
def stopped_by_signals(subscription: Subscription) -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT stop the subscription. For the main thread only."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in previous:
        signal.signal(number, lambda _number, _frame: subscription.stop())
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
