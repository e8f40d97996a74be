"""What a repartition is asked for: from which topics to which, with how many partitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE


@dataclass(frozen=True, kw_only=True)
class RepartitionRequest:
    """From the topics under one prefix to those under another. `state_prefix`: what precedes the names of the workers'
    changelogs today. `time_tolerance`: how far clocks may differ.
    """

    connection: Connection
    application_id: str
    topic_prefix: str
    state_prefix: str
    to_prefix: str
    partitions: int
    time_tolerance: timedelta = DEFAULT_TOLERANCE

    @property
    def transactional_id(self) -> str:
        """Of the copy: a later run ends what a killed one left open."""
        return f"{self.application_id}-repartition"
