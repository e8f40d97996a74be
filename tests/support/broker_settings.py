"""Settings of Kafka for brokers of the tests."""

from __future__ import annotations

#: Where nobody kills the broker, it may be as slow as a busy machine makes it. One that counts as gone for a moment
#: says that there is no broker, after which clients never find it again (librdkafka 2.16; its issue 5301).
PATIENT = {"broker.session.timeout.ms": "60000"}
