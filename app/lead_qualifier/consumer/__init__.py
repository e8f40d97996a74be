"""The consumer kit: reads events from any of our topics and passes each one to your handler.

```python
from lead_qualifier.consumer import Event, PermanentFailure, RetryLater, RetryPolicy, SqliteProcessedEvents, consume

def handle(event: Event) -> None:
    crm.update(event.lead_id, event.data)  # returns: handled; raises: tried again, see below

consume(
    connection,                            # lead_qualifier.kafka.connection.Connection: address and security
    topics=["lead-qualified"],             # names without the prefix; topic_prefix="..." if there is one
    group="crm-updater",
    handler=handle,
    retry=RetryPolicy(attempts=10),
    dead_letters="crm-dead-letters",       # None: an event that cannot be handled ends the consumer
    processed=SqliteProcessedEvents("crm.processed"),  # None: the newest 100,000 events of each partition, in memory
    concurrency=8,
)                                          # returns after SIGTERM or SIGINT, once the events in progress are finished
```

The interface, which is stable:

- `Handler`: any callable that takes an `Event`. It runs in one of `concurrency` threads. Events with the same key in
  the same partition are handled one after another, in their order, even if one of them is retried.
- If it returns, the event is handled. If it raises `RetryLater(seconds)`, the event is tried again after that time
  (without seconds: as `RetryPolicy` says); `RetryLater(seconds, counts=False)` does not count as an attempt (a service
  is known to be down). `PermanentFailure(reason)` makes the event a dead letter immediately. `EndpointGone(reason)`
  ends the consumer and leaves the event uncommitted. Any other exception is a fault: the event is retried as
  `RetryPolicy` says, and is a dead letter after the last attempt.
- `Subscription(...)` takes the arguments of `consume`. `run()` blocks, any thread may call `stop()`, `counts()` and
  `lag()` report progress, and `observer` is called with a `RecordOutcome` for each outcome.

Guarantees: each committed event is handled at least once, and a repeated event (same `Event.identity`) is skipped as
long as `processed` remembers it. Offsets are committed after handling, up to the lowest unfinished record, so a crash
repeats the records after that one; with durable `processed` events, only those that the handler had not returned from.
Make the handler idempotent by `event.idempotency_key`. Records of aborted transactions are never delivered.
"""

from lead_qualifier.consumer.errors import (
    ConsumerError,
    EndpointGone,
    NoSuchTopic,
    PermanentFailure,
    RetryLater,
    UnhandledEvent,
)
from lead_qualifier.consumer.event import Event
from lead_qualifier.consumer.handler_loop import Handler, Observer, RecordOutcome
from lead_qualifier.consumer.processed_events import InMemoryProcessedEvents, ProcessedEvents, SqliteProcessedEvents
from lead_qualifier.consumer.retry_policy import RetryPolicy
from lead_qualifier.consumer.subscription import Subscription, consume, stopped_by_signals

__all__ = [
    "ConsumerError",
    "EndpointGone",
    "Event",
    "Handler",
    "InMemoryProcessedEvents",
    "NoSuchTopic",
    "Observer",
    "PermanentFailure",
    "ProcessedEvents",
    "RecordOutcome",
    "RetryLater",
    "RetryPolicy",
    "SqliteProcessedEvents",
    "Subscription",
    "UnhandledEvent",
    "consume",
    "stopped_by_signals",
]
