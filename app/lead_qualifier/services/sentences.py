"""What the engine reports, as sentences for operators: what is wrong, where, and the command that repairs it."""

from __future__ import annotations

from lead_qualifier.engine.errors import Code, Report

_REPAIR = (
    "Stop all workers, then run `lead-qualifier topics repair` to set the positions to what is there "
    "(--downstream includes the downstream services)"
)

#: Each takes the details that the code comes with.
SENTENCES = {
    Code.TOPIC_MISSING: (
        "topic {topic} does not exist, or is not visible to this login: create it with "
        "`lead-qualifier topics create`, or have the ACL added (`lead-qualifier acls print`)"
    ),
    Code.PARTITION_COUNT: (
        "topic {topic} has {found} partitions, expected {expected}: {topics} must all have the same number, "
        "otherwise keys would move between partitions (set LEAD_QUALIFIER_PARTITIONS to what they have; "
        "`lead-qualifier repartition` changes all of them and keeps the state)"
    ),
    Code.OTHER_APPLICATION: (
        "the state in {changelog}-{partition} belongs to application {owner!r}, not {group!r}: "
        "set LEAD_QUALIFIER_APPLICATION_ID={owner}, or another LEAD_QUALIFIER_TOPIC_PREFIX"
    ),
    Code.INPUT_RECREATED: (
        "{topic} was deleted and created again (its id was {known_id}, now it is {found_id}): "
        f"the state in {{changelog}}-{{partition}} stands at offset {{offset}} of the former one. {_REPAIR}"
    ),
    Code.STATE_RECREATED: (
        "{topic} was deleted and created again (its id was {known_id}, now it is {found_id}): "
        f"the state that it held is gone. {_REPAIR}"
    ),
    Code.INPUT_TRUNCATED: (
        "{topic}-{partition} holds offsets {first} to {end}, but the state stands at {offset}: "
        f"the topic was truncated, or deleted and created again. {_REPAIR}"
    ),
    Code.RECORDS_EXPIRED: (
        "{topic}-{partition} holds offsets {first} to {end}, but the state stands at {offset}: "
        f"the topic has dropped records that were not read yet (retention). {_REPAIR}"
    ),
    Code.CONSUMER_SET_BACK: (
        "{topic}-{partition} was truncated, or deleted and created again, while it was read: the state in "
        "{changelog}-{partition} stands at offset {offset}, which the topic no longer had, and the consumer was set "
        f"back to {{set_back_to}}. {_REPAIR}"
    ),
    Code.STATE_LOST: (
        "{changelog}-{partition} holds no state, but group {group} has read {read}: the state is gone. "
        "Restore the topic, or stop all workers and let `lead-qualifier topics repair` "
        "start from what the input topics still hold"
    ),
    Code.STATE_UNDECODABLE: "the state in {changelog}-{partition} at offset {offset} cannot be decoded",
    Code.CHECKPOINT_UNREADABLE: "the position at {changelog}-{partition} offset {offset} is unreadable: {reason}",
    Code.CHECKPOINT_CLOCK_AHEAD: (
        "the clock of {partition} is {seconds} s ahead: this machine's clock is behind, or the last worker's was "
        "ahead. No timer fires until then. To correct it, stop all workers and run `lead-qualifier topics repair`"
    ),
    Code.THREAD_DIED: "thread {thread} has died",
    Code.THREAD_FAILED: "{thread} failed: {error}",
    Code.STALLED: "no progress for {seconds} s although there is work to do",
    Code.NO_COMMIT: (
        "no transaction was committed for {seconds} s, after one was aborted or had an unknown outcome ({reason})"
    ),
    Code.GROUP_UNSETTLED: "the consumer group has not settled for {seconds} s",
    Code.CONSUMER_FAILED: "the consumer cannot continue: {error}",
    Code.FETCH_TASK_ENDED: "the consumer's {task} has ended",
    Code.FETCH_SILENT: "nothing was fetched for {seconds} s",
    Code.FETCH_STUCK: (
        "{topic}-{partition} has stood at offset {offset} for {seconds} s although there is more: earlier "
        "warnings say why. If no consumer can read that offset, delete the records up to it (kafka-delete-records) and "
        "have `lead-qualifier topics repair` set the position"
    ),
}


def sentence(report: Report) -> str:
    """The report in words."""
    return SENTENCES[report.code].format_map(report.details)
