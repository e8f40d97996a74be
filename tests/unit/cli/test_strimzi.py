"""What `topics manifest` and `acls print --format strimzi` print: the whole catalogue, and every right."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from typer.testing import CliRunner

from lead_qualifier.cli.program import assemble
from lead_qualifier.messages.topics import ALL_TOPICS, QUALIFICATION_TOPICS
from lead_qualifier.services.acls import LOGINS
from tests.support.strimzi import bindings, check_by_crds, new_topics, resources

Printed = Callable[..., str]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Printed:
    """What a command prints. No broker is there to be asked."""
    monkeypatch.setenv("LEAD_QUALIFIER_TOPIC_PREFIX", "Acme.")
    monkeypatch.setenv("LEAD_QUALIFIER_APPLICATION_ID", "acme")

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(assemble(), arguments)
        assert done.exit_code == code, done.output
        return done.output if code else done.stdout

    return run


TOPICS = ("topics", "manifest", "--cluster", "main", "--min-insync-replicas", "2")
USERS = ("acls", "print", "--format", "strimzi", "--cluster", "main", "--to-prefix", "p6.", "--namespace", "kafka")


def test_every_topic_is_there_once(printed: Printed) -> None:
    assert {one.topic for one in new_topics(printed(*TOPICS))} == {f"Acme.{one.name}" for one in QUALIFICATION_TOPICS}
    everything = printed(*TOPICS, "--downstream")
    assert [one.topic for one in new_topics(everything)] == [f"Acme.{one.name}" for one in ALL_TOPICS]
    assert everything == printed(*TOPICS, "--downstream")


def test_every_login_but_the_sinks_has_the_rights_that_json_lists(printed: Printed) -> None:
    made = printed(*USERS, "--group", "readers")
    users = {one["metadata"]["name"] for one in resources(made)}
    assert users == {f"acme-{login}" for login in LOGINS if login not in {"webhook", "dataverse"}}
    listed = json.loads(printed("acls", "print", "--json", "--to-prefix", "p6.", "--group", "readers"))
    for one in listed:
        assert one.pop("why")
        assert one["principal"] == f"User:{one['service']}"
        one["principal"] = f"User:acme-{one.pop('service')}"
    assert {tuple(one.items()) for one in bindings(made)} == {tuple(one.items()) for one in listed}


def test_a_consumers_group_has_the_name_of_its_user(printed: Printed) -> None:
    groups = [
        one["name"] for one in bindings(printed(*USERS, "--service", "consumer")) if one["resource_type"] == "group"
    ]
    assert groups == ["acme-consumer"]


@pytest.mark.parametrize("version", ["v1", "v1beta2"])
@pytest.mark.parametrize("authentication", ["scram-sha-512", "tls", "tls-external"])
def test_strimzi_takes_the_resources(printed: Printed, version: str, authentication: str) -> None:
    check_by_crds(printed(*TOPICS, "--downstream", "--api-version", version))
    check_by_crds(printed(*USERS, "--authentication", authentication, "--api-version", version))


def test_each_resource_says_what_it_is_for(printed: Printed) -> None:
    documents = printed(*USERS, "--service", "worker").split("---\n")
    assert documents[0] == ""
    assert documents[1].startswith("# worker: runs `lead-qualifier worker`\n")
    assert yaml.safe_load(documents[1])["metadata"]["namespace"] == "kafka"


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["topics", "manifest"], "--cluster"),
        (["topics", "manifest", "--cluster", "Main"], "'Main' is not a name in Kubernetes"),
        (["acls", "print", "--format", "strimzi"], "--cluster"),
        (["acls", "print", "--format", "strimzi", "--cluster", "main", "--json"], "--json"),
        ([*USERS, "--service", "cli", "--principal", "User:O'Hara"], "a name that Kubernetes takes"),
        ([*USERS, "--service", "cli", "--principal", "Group:sales"], "a name that Kubernetes takes"),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_what_cannot_be_printed_is_refused(printed: Printed, arguments: list[str], missing: str) -> None:
    assert missing in printed(*arguments, code=2)


def test_more_replicas_in_sync_than_there_are_is_refused(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_QUALIFIER_REPLICATION_FACTOR", "1")
    assert "LEAD_QUALIFIER_REPLICATION_FACTOR, 1" in printed(*TOPICS, code=2)
