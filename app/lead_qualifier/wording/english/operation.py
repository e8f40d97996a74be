"""What the engine reports to operators, and why Kafka cannot be used."""

_REPAIR = (
    "Stop all workers, then run `lead-qualifier topics repair` to set the positions to what is there "
    "(--downstream includes the downstream services)"
)
_ADD_ACL = "have the ACL added (`lead-qualifier acls print` lists what each service needs), or use other credentials"
_CREATE_TOPICS = "create the topics first (lead-qualifier topics create, with --downstream those of the services)"
_CHECK_BROKER = (
    "check that it runs and that KAFKA_BOOTSTRAP_SERVERS (host:port) and KAFKA_SECURITY_PROTOCOL are right, or unset"
    " KAFKA_BOOTSTRAP_SERVERS to have `lead-qualifier demo` start one"
)

SENTENCES: dict[str, str] = {
    # What the engine reports to operators
    "topic_missing": (
        "topic {topic} does not exist, or is not visible to this login: create it with "
        "`lead-qualifier topics create`, or have the ACL added (`lead-qualifier acls print`)"
    ),
    "partition_count": (
        "topic {topic} has {found} partitions, expected {expected}: {topics} must all have the same number, "
        "otherwise keys would move between partitions (set LEAD_QUALIFIER_PARTITIONS to what they have; "
        "`lead-qualifier repartition` changes all of them and keeps the state)"
    ),
    "other_application": (
        "the state in {changelog}-{partition} belongs to application {owner!r}, not {group!r}: "
        "set LEAD_QUALIFIER_APPLICATION_ID={owner}, or another LEAD_QUALIFIER_TOPIC_PREFIX"
    ),
    "input_recreated": (
        "{topic} was deleted and created again (its id was {known_id}, now it is {found_id}): "
        "the state in {changelog}-{partition} stands at offset {offset} of the former one. " + _REPAIR
    ),
    "state_recreated": (
        "{topic} was deleted and created again (its id was {known_id}, now it is {found_id}): "
        "the state that it held is gone. " + _REPAIR
    ),
    "input_truncated": (
        "{topic}-{partition} holds offsets {first} to {end}, but the state stands at {offset}: "
        "the topic was truncated, or deleted and created again. " + _REPAIR
    ),
    "records_expired": (
        "{topic}-{partition} holds offsets {first} to {end}, but the state stands at {offset}: "
        "the topic has dropped records that were not read yet (retention). " + _REPAIR
    ),
    "consumer_set_back": (
        "{topic}-{partition} was truncated, or deleted and created again, while it was read: the state in "
        "{changelog}-{partition} stands at offset {offset}, which the topic no longer had, and the consumer was set "
        "back to {set_back_to}. " + _REPAIR
    ),
    "state_lost": (
        "{changelog}-{partition} holds no state, but group {group} has read {read}: the state is gone. "
        "Restore the topic, or stop all workers and let `lead-qualifier topics repair` "
        "start from what the input topics still hold"
    ),
    "checkpoint_unreadable": "the position at {changelog}-{partition} offset {offset} is unreadable: {reason}",
    "checkpoint_clock_ahead": (
        "the clock of {partition} is {seconds} s ahead: this machine's clock is behind, or the last worker's was "
        "ahead. No timer fires until then. To correct it, stop all workers and run `lead-qualifier topics repair`"
    ),
    "thread_died": "thread {thread} has died",
    "thread_failed": "{thread} failed: {error}",
    "stalled": "no progress for {seconds} s although there is work to do",
    "no_commit": (
        "no transaction was committed for {seconds} s, after one was aborted or had an unknown outcome ({reason})"
    ),
    "group_unsettled": "the consumer group has not settled for {seconds} s",
    "consumer_failed": "the consumer cannot continue: {error}",
    "fetch_task_ended": "the consumer's {task} has ended",
    "fetch_silent": "nothing was fetched for {seconds} s",
    "fetch_stuck": (
        "{topic}-{partition} has stood at offset {offset} for {seconds} s although there is more: earlier "
        "warnings say why. If no consumer can read that offset, delete the records up to it (kafka-delete-records) and "
        "have `lead-qualifier topics repair` set the position"
    ),
    # Why Kafka cannot be used
    "UnusableFile": "KAFKA_{field:upper}: {path} {problem}",
    "UnusableConnection": (
        "no client can be made of this connection ({reason}); check the settings that begin with KAFKA_SSL_ and"
        " KAFKA_SASL_"
    ),
    "LoginRefused": (
        "the broker at {bootstrap_servers} refused the login ({reason}); check KAFKA_SASL_MECHANISM,"
        " KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
    ),
    "BrokerNotReady": "waited {seconds:g} s: {reason}; " + _CHECK_BROKER,
    "BrokerUnreachable": (
        "no Kafka broker answered at {bootstrap_servers} within {seconds:g} s ({reason}); " + _CHECK_BROKER
    ),
    "NotAllowed": "the broker does not allow this login: {rights:listed}; " + _ADD_ACL,
    "TopicMissing": (
        "the topic {topic} does not exist: "
        + _CREATE_TOPICS
        + ", or set LEAD_QUALIFIER_TOPIC_PREFIX to what the workers use"
    ),
    # What the broker answered to a command
    "no_answer": (
        "the broker did not answer ({reason}): check that it is running and that KAFKA_BOOTSTRAP_SERVERS is right"
    ),
    "forbidden": "the broker does not allow this ({reason}): " + _ADD_ACL,
    "topic_unknown": "a topic does not exist ({reason}): " + _CREATE_TOPICS,
    "refused": "the broker refused ({reason})",
}
