"""Settings of Apache Kafka for one node that starts quickly: on this machine's Java and in a container alike."""

from __future__ import annotations

SINGLE_NODE: dict[str, str] = {
    # Topics of Kafka's own: one copy, as there is one node; few partitions, each of which costs time at start.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    # A worker that starts need not wait for others to come.
    "group.initial.rebalance.delay.ms": "0",
    # A client may ask to be taken for dead after a second (6 s by default): tests kill members and wait for others.
    "group.min.session.timeout.ms": "1000",
    # A dead worker's transaction is ended soon after its time is up.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "250",
    # After a crash the node may come back at once: it need not outwait its former self (9 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
}
