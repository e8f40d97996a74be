"""A tiny CRM updater: stores each qualified lead's new status reason in a table, once.

Run it with KAFKA_BOOTSTRAP_SERVERS set:  python examples/python/crm_updater.py crm.sqlite
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path

from lead_qualifier.consumer import Event, PermanentFailure, RetryPolicy, SqliteProcessedEvents, consume
from lead_qualifier.settings import load_settings


class Crm:
    """Leads in a table. Writing a change again has no effect, which makes the handler idempotent."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._table = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._table.execute("CREATE TABLE IF NOT EXISTS leads (id TEXT PRIMARY KEY, status_reason TEXT, event_id TEXT)")

    def update(self, event: Event) -> None:
        """Store the lead's status reason after the qualification."""
        try:
            reason = event.data["lead"]["status_reason"]
        except KeyError as missing:
            raise PermanentFailure(f"the field {missing} is missing") from None
        with self._lock:
            row = (event.lead_id, reason, event.event_id)
            self._table.execute("INSERT OR REPLACE INTO leads VALUES (?, ?, ?)", row)


def main() -> None:
    """Consume until SIGTERM or Ctrl-C."""
    file, settings = Path(sys.argv[1]), load_settings()
    consume(
        settings.connection(),
        topics=["lead-qualified"],
        topic_prefix=settings.topic_prefix,
        group="crm-updater",
        handler=Crm(file).update,
        retry=RetryPolicy(attempts=10),
        dead_letters="downstream-dead-letters",
        processed=SqliteProcessedEvents(file.with_suffix(".processed")),
    )


if __name__ == "__main__":
    main()
