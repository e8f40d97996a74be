"""`topics`: creates and checks the topics, and repairs positions that no longer fit them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lead_qualifier.cli.exit_codes import ExitCode, Refused
from lead_qualifier.cli.options import Json, Yes, command_group
from lead_qualifier.cli.screen import agreed, busy, columns, fail, note, say, show_json, warn
from lead_qualifier.cli.session import Session, open_session
from lead_qualifier.cli.strimzi import Cluster, Namespace, Version, show_resources
from lead_qualifier.maintenance.checkpoints import CheckpointRepair, Mismatch
from lead_qualifier.maintenance.service_groups import (
    ServiceGroup,
    check_nothing_runs,
    downstream_groups,
    worker_group,
)
from lead_qualifier.messages.topics import ALL_TOPICS, QUALIFICATION_TOPICS, Topic
from lead_qualifier.services.strimzi import ApiVersion, Target, kafka_topic
from lead_qualifier.services.topic_setup import FoundTopic, TopicSetup
from lead_qualifier.settings import load_settings

topics = command_group("Create, check and repair the topics.")


Downstream = Annotated[
    bool, typer.Option("--downstream", help="Include the downstream services, not only the workers.")
]


@topics.command()
def create(downstream: Downstream = False) -> None:
    """Create missing topics, then check all.

    Every service does the same when it starts.
    """
    setup = _setup(open_session(), downstream)
    created = setup.create_missing(lambda name: say(f"created {name}"))
    setup.check(lambda name, warning: warn(f"{name}: {warning}"))
    if not created:
        say("all topics exist and fit")


@topics.command()
def check(downstream: Downstream = False, as_json: Json = False) -> None:
    """Check that all topics exist and fit.

    The exit code is 1 if one is missing or does not fit.
    """
    found = _setup(open_session(), downstream).find()
    if as_json:
        show_json([_as_json(one) for one in found])
    else:
        columns(("topic", "partitions", "cleanup", "fits"), map(_row, found), right=("partitions",))
    for one in found:
        if one.warning is not None and not as_json:
            warn(f"{one.name}: {one.warning}")
    if unfit := [one.line for one in found if one.problem is not None]:
        fail(*unfit)
        raise typer.Exit(ExitCode.REFUSED)


@topics.command()
def manifest(
    *,
    cluster: Cluster,
    namespace: Namespace = None,
    downstream: Downstream = False,
    min_insync_replicas: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The min.insync.replicas of each topic. Default: the broker's."),
    ] = None,
    input_max_message_bytes: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="BYTES",
            help="The largest record of the inputs; the other topics take 64 KiB more. Default: 1048588, the default "
            "of brokers.",
        ),
    ] = None,
    api_version: Version = ApiVersion.V1,
) -> None:
    """Print the topics as KafkaTopic resources for Strimzi.

    They describe what `topics create` would create. No broker is contacted. Names, partitions and replicas follow the
    settings: LEAD_QUALIFIER_TOPIC_PREFIX, LEAD_QUALIFIER_PARTITIONS, LEAD_QUALIFIER_REPLICATION_FACTOR. Do not raise
    the partitions of topics that exist: `repartition` makes others.
    """
    settings = load_settings()
    replicas = settings.replication_factor
    if min_insync_replicas is not None and 0 < replicas < min_insync_replicas:
        raise typer.BadParameter(
            f"is more than LEAD_QUALIFIER_REPLICATION_FACTOR, {replicas}: nothing could be written",
            param_hint="--min-insync-replicas",
        )
    target = Target(cluster=cluster, namespace=namespace, api_version=api_version)
    show_resources(
        (
            one.purpose,
            kafka_topic(
                target,
                one,
                settings,
                min_insync_replicas=min_insync_replicas,
                input_max_message_bytes=input_max_message_bytes,
            ),
        )
        for one in _wanted(downstream)
    )


@topics.command()
def repair(downstream: Downstream = False, yes: Yes = False, as_json: Json = False) -> None:
    """Repair positions that no longer fit the topics.

    Stop all workers first, and with --downstream all downstream services. Workers stop, and refuse to start, if a topic
    was deleted and created again (its id has changed, whatever it now holds), if an input was truncated, if records
    expired before they were read, or if state is gone: to continue would silently lose or repeat events. This command
    lists each such partition and, once you confirm, sets it back to its first retained record.
    """
    session = open_session()
    settings = session.settings
    groups: tuple[ServiceGroup, ...] = (worker_group(settings.application_id, state_prefix=session.state_prefix),)
    if downstream:
        groups += downstream_groups(session.connection, settings.application_id, topic_prefix=session.prefix)
    repairs = [
        CheckpointRepair(session.connection, group, topic_prefix=session.prefix, time_tolerance=settings.time_tolerance)
        for group in groups
    ]
    with busy("checking that no process runs"):
        for group in groups:
            check_nothing_runs(session.connection, group.id)
    with busy("comparing positions with the topics"):
        found = [(one, one.find()) for one in repairs]
    mismatches = [one for _, of_group in found for one in of_group]
    if as_json:
        show_json([_mismatch_as_json(one) for one in mismatches])
    else:
        for mismatch in mismatches:
            say(f"{mismatch.changelog[0]}-{mismatch.changelog[1]}: {mismatch.problem}")
            say(f"  remedy: {mismatch.remedy}")
    able = [one for one in mismatches if one.can_be_repaired]
    if not mismatches:
        others = "" if downstream else " (--downstream includes the downstream services)"
        note(f"all positions fit the topics: nothing to repair{others}")
        return
    if able and (yes or (not as_json and agreed(f"Repair {len(able)} of {len(mismatches)} partitions?"))):
        for repair_of_group, of_group in found:
            repair_of_group.repair([one for one in of_group if one.can_be_repaired])
        mismatches = [one for one in mismatches if not one.can_be_repaired]
        started = ", ".join(group.service.command for group in groups)
        note(f"{len(able)} repaired" + ("" if mismatches else f": you can start again ({started})"))
    if mismatches:
        raise Refused(f"{len(mismatches)} partitions are not repaired: no process can start on them")


def _mismatch_as_json(one: Mismatch) -> dict[str, Any]:
    return {
        "topic": one.changelog[0],
        "partition": one.changelog[1],
        "problem": one.problem,
        "remedy": one.remedy,
        "can_be_repaired": one.can_be_repaired,
    }


def _setup(session: Session, downstream: bool) -> TopicSetup:
    return TopicSetup.of(session.settings, session.connection, topics=_wanted(downstream))


def _wanted(downstream: bool) -> tuple[Topic, ...]:
    return ALL_TOPICS if downstream else QUALIFICATION_TOPICS


def _row(one: FoundTopic) -> tuple[str, ...]:
    count = "missing" if one.partitions is None else str(one.partitions)
    return one.name, count, one.topic.cleanup.value, "yes" if one.problem is None else "no"


def _as_json(one: FoundTopic) -> dict[str, Any]:
    found = {
        "topic": one.name,
        "partitions": one.partitions,
        "max_message_bytes": one.max_message_bytes,
        "cleanup": one.topic.cleanup.value,
        "purpose": one.topic.purpose,
        "fits": one.problem is None,
        "problem": one.problem,
        "warning": one.warning,
    }
    return {name: value for name, value in found.items() if value is not None}
