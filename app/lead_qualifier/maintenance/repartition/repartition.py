"""The steps of a repartition: create the new topics, copy, compare, project, commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lead_qualifier.definitions.entries import Entry, encode_for_workers, entries_of
from lead_qualifier.definitions.qualification_models.entries import ProcessedCommands, decode_stored
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.producer import Producer, Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record
from lead_qualifier.maintenance.errors import CannotRepartition
from lead_qualifier.maintenance.repartition.copier import Copied, Copier
from lead_qualifier.maintenance.repartition.plan import Plan, Planner, RepartitionRequest, written_in_transactions
from lead_qualifier.maintenance.topic_cloning import clone_topics
from lead_qualifier.messages.topics import KINDS, QUALIFICATION_MODELS, command_state, definitions
from lead_qualifier.services.topic_setup import TopicSetup


class Repartition:
    """One repartition: `plan` it, then `copy`."""

    def __init__(self, request: RepartitionRequest) -> None:
        self._request = request
        self._reader = TopicReader(request.connection)
        self._planner = Planner(request, self._reader)

    def plan(self) -> Plan:
        """Check whether it can be done. Raises as Planner.plan."""
        return self._planner.plan()

    def copy(self, plan: Plan, *, history: bool, progress: Callable[[str], None]) -> Copied:
        """Create the new topics and fill them in one transaction, which is committed only if they then hold what the
        old ones held. `history`: with what was decided about leads, and dead letters.

        Raises CannotRepartition and what `plan` raises; the old topics are unchanged in any case.
        """
        request = self._request
        clone_topics(
            request.connection,
            plan.topics,
            like=request.topic_prefix,
            prefix=request.to_prefix,
            partitions=request.partitions,
        )
        setup = TopicSetup(
            request.connection, topics=plan.topics, prefix=request.to_prefix, partitions=request.partitions
        )
        setup.create_missing()  # those that the old installation does not have
        setup.check()
        admin = self._reader.admin
        names = [topic.full_name(request.to_prefix) for topic in written_in_transactions(plan.topics)]
        begin = admin.ends([one for name in names for one in admin.partitions(name)])
        with Transaction(request.connection, request.transactional_id) as transaction:
            copier = Copier(request, plan, self._reader, transaction, progress)
            for group in plan.groups:
                copier.copy_group(group, history=history)
            if history:
                copier.copy_dead_letters()
            transaction.flush()
            copier.write_checkpoints()
            transaction.flush()
            progress("reading back what was copied")
            if problems := copier.problems(begin):
                raise CannotRepartition(
                    f"{'; '.join(problems)}: the copy was dropped. Does another program write to these topics? Start "
                    "again with another prefix (--to-prefix)"
                )
            self._planner.check_unchanged(plan)
            self._project(plan)
            transaction.commit()
        return copier.copied

    def _project(self, plan: Plan) -> None:
        """Write the rules and definitions that processes follow, as command processors do: outside of a transaction,
        which would stall their readers. Workers and services write what is missing here; until one runs, `list` and
        `show` read it.
        """
        request = self._request
        producer = Producer(request.connection)
        for key, value in _projected(plan.commands):
            producer.send(QUALIFICATION_MODELS.full_name(request.to_prefix), key, value)
        for kind in KINDS:
            if command_state(kind) in plan.topics:
                for entry in self._definitions(kind):
                    topic = definitions(kind).full_name(request.to_prefix)
                    producer.send(topic, entry.key.encode(), encode_for_workers(entry))
        producer.flush()

    def _definitions(self, kind: str) -> list[Entry]:
        """The definitions of a kind, in the order of their revisions."""
        partitions = self._reader.admin.partitions(command_state(kind).full_name(self._request.topic_prefix))
        newest = self._reader.newest_by_key(partitions)
        stored = {key: record.value for key, record in newest.items() if key and key != CHECKPOINT_KEY and record.value}
        return sorted(entries_of(stored), key=lambda entry: entry.revision)


def _projected(commands: Mapping[bytes | None, Record]) -> Iterator[tuple[bytes | None, bytes]]:
    """Key and value of all that is no answer to a command, in the order in which it was decided."""
    entries = [(decode_stored(record.value or b""), record) for record in commands.values()]
    shown = [(entry, record) for entry, record in entries if not isinstance(entry, ProcessedCommands)]
    for _, record in sorted(shown, key=lambda one: one[0].revision):
        yield record.key, record.value or b""
