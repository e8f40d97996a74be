"""The result codes of assignment, and their names."""

from __future__ import annotations

from enum import IntEnum


class AssignmentResult(IntEnum):
    """The result for a lead. SERVER_ISSUE and LACKS_PRIVILEGES come from the CRM only."""

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
        """The name for programs and metrics."""
        return self.name.lower()


#: With one of these, a lead waits for a seller: a change of any seller may help.
FOR_A_SELLER = frozenset(
    {AssignmentResult.NO_SELLER_MEETS_CONDITIONS, AssignmentResult.NO_AVAILABILITY, AssignmentResult.NO_CAPACITY}
)
