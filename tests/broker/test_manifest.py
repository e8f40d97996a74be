"""Topics made from `topics manifest`, as Strimzi's Topic Operator makes them, are those of `topics create`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.kafka.admin import Admin
from tests.support.command_line import CommandLine
from tests.support.strimzi import new_topics

pytestmark = pytest.mark.broker


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=3)
    yield line
    line.close()


def admin_of(line: CommandLine) -> Admin:
    return Admin({"bootstrap.servers": line.environment["KAFKA_BOOTSTRAP_SERVERS"]})


def configured(line: CommandLine) -> dict[str, tuple[int, dict[str, str]]]:
    """Partitions and settings of each topic, by its name without the prefix."""
    admin = admin_of(line)
    counts = {name: count for name, count in admin.partition_counts().items() if name.startswith(line.prefix)}
    configs = admin.topic_configs(counts, only_own=True)
    return {name.removeprefix(line.prefix): (count, configs[name]) for name, count in counts.items()}


def test_topics_of_the_manifest_are_those_that_the_program_creates(
    line: CommandLine, kafka: Broker, tmp_path: Path
) -> None:
    manifest = line.run("topics", "manifest", "--cluster", "main", "--downstream", KAFKA_BOOTSTRAP_SERVERS="").fine()
    wanted = list(new_topics(manifest.out))
    admin_of(line).create_topics(wanted)
    checked = line.run("topics", "check", "--downstream", "--json").fine()
    assert {one["topic"] for one in checked.json()} == {one.topic for one in wanted}
    assert all(one["fits"] and "warning" not in one for one in checked.json())
    other = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=3)
    try:
        other.run("topics", "create", "--downstream").fine()
        assert configured(line) == configured(other)
    finally:
        other.close()


def test_larger_inputs_are_checked_against_larger_outputs(line: CommandLine) -> None:
    sized = ("topics", "manifest", "--cluster", "main", "--input-max-message-bytes", "2000000")
    admin_of(line).create_topics(list(new_topics(line.run(*sized).fine().out)))
    sizes = {one["topic"]: one["max_message_bytes"] for one in line.run("topics", "check", "--json").fine().json()}
    assert sizes[f"{line.prefix}lead-score-changed"] == 2_000_000
    assert sizes[f"{line.prefix}lead-qualified"] == 2_065_536
