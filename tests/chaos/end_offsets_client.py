"""Asks for a partition's end offset, and whether a broker answers, again and again, as a worker does; prints `asked` or
`refused` each time.
"""

from __future__ import annotations

import sys
import time

from confluent_kafka import KafkaException

from lead_qualifier.kafka.admin import LATEST, Admin


def main() -> None:
    bootstrap, topic = sys.argv[1:]
    admin = Admin({"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 1000}, timeout=2)
    while True:
        try:
            admin.ping()
            admin.list_offsets({(topic, 0): LATEST})
            print("asked", flush=True)
        except KafkaException:
            print("refused", flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
