"""Announces the status of a scoring model, as its engine would, and waits until workers know it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from lead_qualifier.client.errors import AnnouncedLater
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.definitions.qualification_models.entries import ScoringModelEntry, ScoringModelStatus
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import write
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.fields import plain
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE
from lead_qualifier.messages.topics import SCORING_MODEL_CHANGED
from lead_qualifier.qualification.utc import after


@dataclass(frozen=True, slots=True)
class Announcement:
    """What was sent, and the entry that workers have now; None if no worker has confirmed it in time."""

    event: dict[str, Any]
    entry: ScoringModelEntry | None


def announce(
    connection: Connection,
    *,
    topic_prefix: str,
    scoring_model_id: str,
    status: ScoringModelStatus,
    name: str | None,
    timeout: float,
    maximum: float | Literal["none"] | None = None,
    time_tolerance: timedelta = DEFAULT_TOLERANCE,
) -> Announcement:
    """Announce that the scoring model has this status from now on, and wait up to `timeout` seconds for a worker.

    `time_tolerance`: a stored announcement dated further ahead than that is replaced by any other.

    Without a `name` or a `maximum` it keeps those it has; a maximum of "none" takes it away. Raises AnnouncedLater,
    TopicMissing, KafkaException.
    """
    topic = SCORING_MODEL_CHANGED.full_name(topic_prefix)
    TopicReader(connection).admin.partitions(topic)
    held = read_rulebook(connection, topic_prefix=topic_prefix).scoring_model(scoring_model_id)
    now = datetime.now(UTC)
    if held is not None and now < held.occurred_at <= after(now, time_tolerance):
        raise AnnouncedLater(
            f"{scoring_model_id} was announced as {held.status} for {held.occurred_at.isoformat()}, later than "
            "now: an older announcement would be ignored. Correct the clock of its engine, or wait until then"
        )
    event: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "scoring_model_id": scoring_model_id,
        "status": status,
        "occurred_at": now.isoformat(),
    }
    if held is not None:
        name = held.name if name is None else name
        maximum = held.maximum if maximum is None else maximum
    highest = None if maximum == "none" else maximum
    if name is not None:
        event["name"] = name
    if highest is not None:
        event["maximum"] = plain(highest)
    value = json.dumps(event, ensure_ascii=False).encode()
    write(connection, topic, scoring_model_id.encode(), value)
    deadline = time.monotonic() + timeout
    while True:
        entry = read_rulebook(connection, topic_prefix=topic_prefix).scoring_model(scoring_model_id)
        if entry is not None and (entry.status, entry.name, entry.maximum) == (status, name, highest):
            return Announcement(event, entry)
        if time.monotonic() > deadline:
            return Announcement(event, None)
        time.sleep(0.1)
