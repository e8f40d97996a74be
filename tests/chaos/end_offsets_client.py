"""Asks for a partition's end offset, and whether a broker answers, again and again, as a worker does; prints `asked` or
`refused` each time.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from lead_qualifier.kafka.admin import Admin

_END: Any = OffsetSpec.latest()


def main() -> None:
    bootstrap, topic = sys.argv[1:]
    config: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 1000}
    admin = AdminClient(config)
    contact = Admin(config, timeout=2)
    place = TopicPartition(topic, 0)
    while True:
        try:
            contact.ping()
            admin.list_offsets({place: _END}, request_timeout=2)[place].result(10)
            print("asked", flush=True)
        except KafkaException:
            print("refused", flush=True)
            with contextlib.suppress(KafkaException):
                admin.list_topics(timeout=2)  # the leader epochs of before are refused
        time.sleep(0.02)


if __name__ == "__main__":
    main()
