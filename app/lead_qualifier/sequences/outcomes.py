"""The outcomes of events at a sequence, as metrics and logs name them."""

from __future__ import annotations

from enum import StrEnum


class SequenceOutcome(StrEnum):
    """What an event or the passing of time led to at a sequence."""

    # of connecting
    REPEATED = "repeated"
    SEQUENCE_NOT_LIVE = "sequence_not_live"
    LEAD_NOT_OPEN = "lead_not_open"
    ALREADY_CONNECTED = "already_connected"
    CONDITIONS_NOT_MET = "conditions_not_met"
    EXIT_CRITERION_MET_ALREADY = "exit_criterion_met_already"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    # of disconnecting
    NOT_CONNECTED = "not_connected"
    USER = "disconnected_by_user"
    # of an activity
    STEP_COMPLETED = "step_completed"
    RESULT_RECORDED = "result_recorded"
    REPLY_NOTED = "reply_noted"
    REPLY_BEFORE_CONNECTION = "reply_before_connection"
    NO_STEP_WAITS = "no_step_waits"
    # of going through the steps
    STEP_DUE = "step_due"
    WAIT_OVER = "wait_over"
    BRANCH_YES = "branch_yes"
    BRANCH_NO = "branch_no"
    COMPLETED = "completed"
    ADVANCED = "advanced"
    ERROR = "error"
    PARENT_DEACTIVATED = "parent_deactivated"
    LEAD_DEACTIVATED = "lead_deactivated"
    EXIT_CRITERION_MET = "exit_criterion_met"
