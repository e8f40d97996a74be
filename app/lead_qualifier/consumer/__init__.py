"""The consumer kit: reads events of any topic of ours, and hands each to a function of yours.

```python
from lead_qualifier.consumer import Event, Permanent, Retry, SqliteSeen, TryLater, consume

def handle(event: Event) -> None:
    crm.update(event.lead_id, event.data)  # returns: handled; raises: tried again, see below

consume(
    connection,                            # lead_qualifier.kafka.connection.Connection: address and security
    topics=["lead-qualified"],             # names without the prefix; topic_prefix="..." where there is one
    group="crm-updater",
    handler=handle,
    retry=Retry(attempts=10),
    dead_letters="crm-dead-letters",       # None: an event that cannot be handled ends the consumer
    seen=SqliteSeen(Path("seen.sqlite")),  # None: the newest 100,000 events of each partition, in memory
    concurrency=8,
)                                          # returns after SIGTERM or SIGINT, with everything under way finished
```

The interface, which stays as it is:

- `Handler`: any callable that takes an `Event`. It runs in one of `concurrency` threads; events with one key of one
  partition come one after another, in their order, also when one of them is tried again.
- It returns: the event is handled. It raises `TryLater(seconds)`: tried again after so long (without seconds: by
  `Retry`); `TryLater(seconds, counts=False)` does not count as an attempt (a service is known to be away).
  `Permanent(reason)`: a dead letter at once. Anything else: a fault, tried again by `Retry`, a dead letter after the
  last attempt.
- `Subscription(...)` takes what `consume` takes; `run()` blocks, `stop()` may be called from any thread, `counts()` and
  `lag()` tell how it goes, `observer` is called with a `Happening` for each outcome.

What it promises: each committed event is handled at least once, and a repeated one (same `Event.identity`) is left out
as long as `seen` remembers it. Offsets are committed after handling, up to the lowest unfinished record, so a crash
repeats what came after that; with a durable `seen`, of that only what the handler had not returned from: make the
handler idempotent by `event.event_id`. Aborted transactions are never seen.
"""

from lead_qualifier.consumer.event import Event
from lead_qualifier.consumer.events import Happening, Observer
from lead_qualifier.consumer.retry import Permanent, Retry, TryLater
from lead_qualifier.consumer.seen import MemorySeen, Seen, SqliteSeen
from lead_qualifier.consumer.subscription import Handler, NoSuchTopic, Subscription, Unhandled, consume

__all__ = [
    "Event",
    "Handler",
    "Happening",
    "MemorySeen",
    "NoSuchTopic",
    "Observer",
    "Permanent",
    "Retry",
    "Seen",
    "SqliteSeen",
    "Subscription",
    "TryLater",
    "Unhandled",
    "consume",
]
