"""The result codes of assignment, and their names."""

from __future__ import annotations

from enum import IntEnum


class Result(IntEnum):
    """What became of a lead. SERVER_ISSUE and LACKS_PRIVILEGES are the CRM's own: never decided here."""

    IN_PROGRESS = 1
    ASSIGNED = 2
    SERVER_ISSUE = 3
    MEETS_NO_SEGMENT = 4
    NO_SELLER_MEETS_CONDITIONS = 5
    NO_AVAILABILITY = 6
    NO_CAPACITY = 7
    NO_RULE_FOR_SEGMENT = 8
    ASSIGNED_MANUALLY = 9
    LACKS_PRIVILEGES = 10
    OLDER_THAN_TIMEFRAME = 11
    MULTIPLE_ELIGIBLE_TEAMS = 12
    NO_ELIGIBLE_TEAM = 13
    MULTIPLE_ELIGIBLE_QUEUES = 14
    NO_ELIGIBLE_QUEUE = 15

    @property
    def word(self) -> str:
        """For programs and metrics."""
        return self.name.lower()


#: Whoever got one of these waits for a seller, whom a change of any seller may bring.
FOR_A_SELLER = frozenset({Result.NO_SELLER_MEETS_CONDITIONS, Result.NO_AVAILABILITY, Result.NO_CAPACITY})
