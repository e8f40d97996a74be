"""Under exactly the ACLs that `acls print` prints everybody can do their work, nobody more, and nothing is to spare."""

from __future__ import annotations

import base64
import json
import random
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from lead_qualifier.kafka.acls import check_rights
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.services.acls import Naming, Service, grants
from lead_qualifier.services.topic_setup import TopicSetup
from tests.broker.system.command_line import CommandLine, Done
from tests.broker.system.messages import change, encode, score
from tests.broker.system.secured_kafka import MECHANISM, SecuredKafka
from tests.broker.system.worker_process import WorkerProcess
from tests.unit.sinks.endpoint import Endpoint, Reply

pytestmark = pytest.mark.broker

Binding = dict[str, str]
MODEL = """\
id: enterprise
name: Enterprise
match: all
criteria:
  - {scoring_model: engagement, threshold: 50}
actions: {status_reason: marketing_qualified, sales_ready: true}
"""


class Office:
    """An installation, and people and programs with a login each: the service's name, with the password `hush`."""

    def __init__(self, kafka: SecuredKafka, folder: Path) -> None:
        self.kafka = kafka
        self.folder = folder
        self.line = CommandLine(kafka.kafka.bootstrap_servers, folder)
        self.prefix = self.line.prefix
        kafka.add_users({**{service.value: "hush" for service in Service}, "stranger": "hush"})
        self.bindings: list[Binding] = self.line.run("acls", "print", "--json").fine().json()
        kafka.allow(self.bindings)
        self.workers: list[WorkerProcess] = []

    def of(self, service: str) -> list[Binding]:
        return [one for one in self.bindings if one["service"] == service]

    def run(self, user: str, *arguments: str, stdin: bytes = b"") -> Done:
        return self.line.run(*arguments, stdin=stdin, timeout=60, **self.kafka.environment(user, "hush"))

    def start_worker(self, *program: str, **settings: str) -> WorkerProcess:
        """`program`: the words after `lead-qualifier`, where it is not the worker."""
        user = program[1] if program else "worker"
        environment = {**self.line.environment, **self.kafka.environment(user, "hush"), **settings}
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(environment, log, ("lead_qualifier", *(program or ("worker",)))))
        return self.workers[-1]

    def connection(self, user: str) -> Connection:
        return Connection(
            bootstrap_servers=self.kafka.bootstrap_servers,
            security_protocol="SASL_SSL",
            sasl_mechanism=MECHANISM,
            sasl_username=user,
            sasl_password="hush",
            ssl_ca_file=self.kafka.certificate,
        )

    def send(self, user: str, topic: str, key: str, message: object) -> KafkaError | None:
        """Send a message as this user; the error that the broker answers with."""
        answers: list[KafkaError | None] = []
        producer = Producer(self.connection(user).confluent_producer(**{"message.timeout.ms": 10_000}))
        producer.produce(
            self.prefix + topic, encode(message), key.encode(), on_delivery=lambda error, _: answers.append(error)
        )
        assert producer.flush(15) == 0
        return answers[0]

    def read(self, user: str, topic: str, group: str, wanted: Callable[[Any], bool]) -> Any:
        """The first message that is wanted, read as a member of the group. Raises KafkaException."""
        config = {"group.id": group, "isolation.level": "read_committed", "auto.offset.reset": "earliest"}
        consumer = Consumer(self.connection(user).confluent(**config))
        try:
            consumer.subscribe([self.prefix + topic])
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                message = consumer.poll(0.5)
                if message is None:
                    continue
                if message.error() is not None:
                    raise KafkaException(message.error())
                if wanted(json.loads(message.value() or b"{}")):
                    return json.loads(message.value() or b"{}")
        finally:
            consumer.close()
        raise AssertionError(f"nothing that was wanted came on {topic}")

    def only_worker(self) -> WorkerProcess:
        """The one worker that runs."""
        running = [worker for worker in self.workers if worker.running] or [self.start_worker()]
        for worker in running[1:]:
            worker.terminate()
        running[0].wait_ready()
        return running[0]

    @contextmanager
    def without(self, binding: Binding) -> Iterator[None]:
        self.kafka.forbid([binding])
        try:
            yield
        finally:
            self.kafka.allow([binding])

    def close(self) -> None:
        for worker in self.workers:
            if worker.running:
                worker.kill()
        self.line.close()


@pytest.fixture(scope="module")
def office(fenced: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Runs: a worker that made its topics itself, lead management on, a model live."""
    office = Office(fenced, tmp_path_factory.mktemp("office"))
    (office.folder / "model.yaml").write_text(MODEL)
    office.start_worker().wait_ready()
    office.run("administrator", "feature", "enable", "lead-management").fine()
    office.run("cli", "scoring-model", "set", "engagement", "--status", "live").fine()
    office.run("cli", "model", "apply", "model.yaml").fine()
    office.run("cli", "model", "publish", "enterprise").fine()
    yield office
    office.close()


def qualify(office: Office, lead_id: str) -> None:
    """A lead qualifies: the scoring engine sends, the worker decides, a consumer reads."""
    assert office.send("scoring-engine", "lead-score-changed", lead_id, score(lead_id, "engagement", 80, 0)) is None
    event = office.read("consumer", "lead-qualified", "consumer", lambda event: event["lead_id"] == lead_id)
    assert event["qualification_model_id"] == "enterprise"


def test_a_lead_qualifies_from_end_to_end(office: Office) -> None:
    assert office.send("crm", "lead-changed", "L-1", change("L-1", 0, owner_id="U-1")) is None
    qualify(office, "L-1")


def test_marketers_and_operators_can_do_all_that_their_commands_do(office: Office) -> None:
    office.run("cli", "model", "list").fine()
    office.run("cli", "lead", "show", "L-1").fine()
    office.run("operator", "topics", "create").fine()
    line = json.dumps(score("L-3", "engagement", 90, 0)).encode()
    office.run("operator", "feed", "-", stdin=line).fine()
    assert office.send("scoring-engine", "lead-score-changed", "L-4", {"lead_id": "L-4"}) is None
    deadline = time.monotonic() + 20
    while "L-4" not in (listed := office.run("operator", "dead-letters", "list").fine().out):
        assert time.monotonic() < deadline, listed
    office.run("operator", "dead-letters", "replay", "--all", "--yes").fine()


def test_only_administrators_turn_features_on_and_off(office: Office) -> None:
    refused = office.run("cli", "feature", "disable", "lead-management")
    assert refused.code == 1
    assert f"{office.prefix}feature-commands" in refused.err
    for user in ("worker", "operator", "scoring-engine", "crm", "consumer"):
        error = office.send(user, "feature-commands", "lead-management", {})
        assert error is not None, user
        assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    # and that is all they may do
    refused = office.run("administrator", "model", "stop", "enterprise")
    assert refused.code == 1
    assert f"{office.prefix}qualification-commands" in refused.err


def test_a_consumer_may_only_read_qualified_leads(office: Office) -> None:
    topics = {one.topic.full_name(office.prefix) for one in setup(office, office.kafka.kafka.connection).find()}
    for topic in sorted(name.removeprefix(office.prefix) for name in topics):
        error = office.send("consumer", topic, "x", {})
        assert error is not None, topic
        assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    for topic, group in (("lead-state", "consumer"), ("lead-score-changed", "consumer"), ("lead-qualified", "other")):
        with pytest.raises(KafkaException) as told:
            office.read("consumer", topic, group, lambda _: True)
        assert "authorization failed" in told.value.args[0].str()


def test_a_stranger_is_told_what_is_missing(office: Office) -> None:
    for arguments in (["model", "list"], ["topics", "check"]):
        refused = office.run("stranger", *arguments)
        assert refused.code == 1, arguments
        assert office.prefix in refused.err
        assert "acls print" in refused.err
        assert "Traceback" not in refused.err


def test_a_marketer_needs_each_acl(office: Office) -> None:
    commands = {
        "qualification-commands": ["model", "publish", "enterprise"],
        "qualification-model-changed": ["model", "publish", "enterprise"],
        "scoring-model-changed": ["scoring-model", "set", "engagement", "--status", "live"],
        "qualification-models": ["model", "list"],
    }
    assert len(office.of("cli")) == 11
    for binding in office.of("cli"):
        topic = binding["name"].removeprefix(office.prefix)
        with office.without(binding):
            refused = office.run("cli", *commands.get(topic, ["lead", "show", "L-1"]))
        assert refused.code == 1
        assert f"on topic {binding['name']}" in refused.err, refused


def test_sales_operations_need_each_acl_to_explain_an_assignment(office: Office) -> None:
    environment = {**office.line.environment, **office.kafka.environment("assignment", "hush")}
    service = WorkerProcess(
        environment, office.folder / "assignment.log", ("lead_qualifier", "downstream", "assignment")
    )
    office.workers.append(service)
    service.wait_ready()
    qualify(office, "L-9")
    deadline = time.monotonic() + 20
    while (shown := office.run("sales-operations", "assignment", "explain", "L-9")).code:
        assert time.monotonic() < deadline, shown
    assert "no live assignment takes leads of model enterprise" in shown.out
    unneeded = []
    for binding in office.of("sales-operations"):
        with office.without(binding):
            refused = office.run("sales-operations", "assignment", "explain", "L-9")
        if refused.code == 1:
            assert f"on topic {binding['name']}" in refused.err, refused
        else:
            unneeded.append(binding["name"].removeprefix(office.prefix))
    kinds = ("journey", "assignment", "sequence", "follow-up")
    assert sorted(unneeded) == sorted(f"{kind}-{what}" for kind in kinds for what in ("commands", "definition-changed"))
    service.terminate()
    office.workers.remove(service)


def test_a_worker_needs_each_acl_and_names_the_one_that_is_missing(office: Office) -> None:
    naming = Naming(topic_prefix=office.prefix, application_id=application(office), create_topics=True)
    mine = grants(Service.WORKER, naming)
    connection = office.connection("worker")
    check_rights(connection, mine, timeout=10)
    for binding in office.of("worker"):
        if binding["resource_type"] == "transactional-id" or binding["operation"] == "Create":
            continue  # by running, below
        with office.without(binding), pytest.raises(NotAllowed) as told:
            check_rights(connection, mine, timeout=10)
        needed = f"{binding['operation']} on {binding['resource_type']} {binding['name']}"
        assert needed in told.value.rights, (needed, told.value)
        if binding["operation"] == "DescribeConfigs":
            with office.without(binding), pytest.raises(NotAllowed, match=f"{needed}$"):
                setup(office, connection).check()


def test_a_worker_refuses_to_start_and_names_what_it_may_not_do(office: Office) -> None:
    for binding in random.sample([one for one in office.of("worker") if one["operation"] in {"Read", "Write"}], 2):
        if binding["resource_type"] == "transactional-id":
            continue
        with office.without(binding):
            worker = office.start_worker()
            assert worker.process.wait(30) == 1
        said = worker.log.read_text()
        assert f"{binding['operation']} on {binding['resource_type']} {binding['name']}" in said
        assert "lead-qualifier acls print" in said
        assert "Traceback" not in said


def test_a_worker_that_may_not_create_topics_runs_where_they_exist_and_says_which_it_may_not_create(
    office: Office,
) -> None:
    creating = [one for one in office.of("worker") if one["operation"] == "Create"]
    printed = office.line.run("acls", "print", "--service", "worker", "--json", LEAD_QUALIFIER_CREATE_TOPICS="false")
    assert len(printed.fine().json()) == len(office.of("worker")) - len(creating)
    office.kafka.forbid(creating)
    office.start_worker().wait_ready()
    elsewhere = office.start_worker(LEAD_QUALIFIER_TOPIC_PREFIX=f"{office.prefix}elsewhere.")
    assert elsewhere.process.wait(30) == 1
    assert f"Read on topic {office.prefix}elsewhere.lead-changed" in elsewhere.log.read_text()
    office.kafka.allow(creating)


LOSSES = [
    ("Write", "topic", "lead-qualified"),
    ("Write", "topic", "lead-state"),
    ("Write", "topic", "qualification-models"),
    ("Read", "topic", "lead-score-changed"),
    ("Read", "group", ""),
    ("Write", "transactional-id", ""),
]


# Some of them, each day others: the broker misses each such worker for ten seconds. Processes that share the tests must
# come to the same.
@pytest.mark.parametrize(("operation", "kind", "name"), random.Random(datetime.now(UTC).toordinal()).sample(LOSSES, 3))
def test_a_running_worker_that_loses_an_acl_ends_and_names_it(
    office: Office, operation: str, kind: str, name: str
) -> None:
    worker = office.only_worker()
    lead_id = f"L-{operation}-{kind}-{name}"
    [binding] = [
        one
        for one in office.of("worker")
        if (one["operation"], one["resource_type"]) == (operation, kind)
        and name in {"", one["name"].removeprefix(office.prefix)}
    ]
    with office.without(binding):
        if name == "qualification-models":
            office.send(
                "cli",
                "scoring-model-changed",
                "other",
                {
                    "event_id": "1",
                    "scoring_model_id": "other",
                    "status": "live",
                    "occurred_at": "2026-01-01T00:00:00Z",
                },
            )
        office.send("scoring-engine", "lead-score-changed", lead_id, score(lead_id, "engagement", 80, 0))
        code = worker.process.wait(40)
    said = worker.events("worker_failed")
    assert code == 70
    assert f"{operation} on {kind} {binding['name']}" in said[0]["reason"], said


def test_kafkas_own_program_takes_the_printed_lines(office: Office) -> None:
    kafka = office.kafka.kafka
    (kafka.folder / "admin.properties").write_text("")
    before = office.kafka.allowed()
    printed = office.line.run(
        "acls",
        "print",
        "--service",
        "worker",
        "--principal",
        "User:O'Hara",
        LEAD_QUALIFIER_TOPIC_PREFIX="acme.",
        LEAD_QUALIFIER_APPLICATION_ID="acme",
    ).fine()
    lines = [line for line in printed.out.splitlines() if not line.startswith("#")]
    assert len(lines) == 6
    for line in (lines[1], lines[4]):
        program, *arguments = shlex.split(line)
        assert program == "kafka-acls.sh"
        done = subprocess.run(
            kafka.tool("org.apache.kafka.tools.AclCommand", *arguments),
            cwd=kafka.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done
    added = office.kafka.allowed() - before
    assert ("User:O'Hara", "WRITE", "TRANSACTIONAL_ID", "PREFIXED", "acme-") in added
    assert ("User:O'Hara", "DESCRIBE_CONFIGS", "TOPIC", "LITERAL", "acme.command-state") in added
    assert len(added) == 13


def test_repartition_needs_its_own_list_and_no_more(office: Office) -> None:
    to = f"{office.prefix}p3."
    whose = ("acls", "print", "--service", "repartition")
    office.run("operator", "topics", "create", "--downstream").fine()
    asked = office.line.run(*whose)
    assert asked.code == 2
    assert "--to-prefix" in asked.err
    printed = office.line.run(*whose, "--to-prefix", to, "--json").fine().json()
    # they decide what those before them were not allowed to
    running = [office.only_worker(), office.start_worker("downstream", "assignment")]
    running[1].wait_ready()
    deadline = time.monotonic() + 60
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + 4:  # it hears of each partition's end within a second or two
        assert time.monotonic() < deadline
        if any(one.metric("lead_qualifier_lag_records") for one in running):
            quiet_since = time.monotonic()
        time.sleep(0.2)
    for one in running:
        one.terminate()
    assert "nothing to repair" in office.run("operator", "topics", "repair", "--downstream").fine().err
    command = ("repartition", "--partitions", "3", "--to-prefix", to, "--history", "--yes")
    refused = office.run("repartition", *command)
    assert refused.code == 1
    assert "acls print" in refused.err
    office.kafka.allow(printed)
    # not all of them: each is a run of the command; one Create only, for a run that lacks it makes all other topics
    withheld = random.sample(
        [
            ("Read", "topic", f"{office.prefix}lead-state"),
            ("DescribeConfigs", "topic", f"{office.prefix}qualification-models"),
            ("Read", "topic", f"{office.prefix}sequence-state"),
            ("Create", "topic", f"{to}{random.choice(('lead-state', 'sequence-state'))}"),
            ("Write", "topic", f"{to}qualification-models"),
            ("Describe", "group", application(office)),
            ("Describe", "group", f"{application(office)}-sequences"),
            ("Write", "transactional-id", f"{application(office)}-repartition"),
        ],
        3,
    )
    for binding in printed:
        if (binding["operation"], binding["resource_type"], binding["name"]) in withheld:
            with office.without(binding):
                assert office.run("repartition", *command).code == 1, binding
    done = office.run("repartition", *command).fine()
    assert "from 2 to 3 partitions" in done.out


SINK = """\
id: crm
url: {url}
topics: [lead-qualified, lead-assigned]
secret_env: CRM_SECRET
"""


@pytest.fixture
def sink(office: Office) -> Iterator[Endpoint]:
    """Where the webhook of crm.yaml leads; its list was printed and allowed, the downstream topics are there."""
    office.run("operator", "topics", "create", "--downstream").fine()
    with Endpoint() as endpoint:
        (office.folder / "crm.yaml").write_text(SINK.format(url=endpoint.url))
        printed = office.line.run("acls", "print", "--service", "webhook", "--config", "crm.yaml", "--json").fine()
        office.bindings = [one for one in office.bindings if one["service"] != "webhook"] + printed.json()
        office.kafka.allow(office.of("webhook"))
        yield endpoint


def start_sink(office: Office, **settings: str) -> WorkerProcess:
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    config = str(office.folder / "crm.yaml")
    return office.start_worker("downstream", "webhook", "--config", config, CRM_SECRET=secret, **settings)


def test_a_sink_carries_out_what_its_file_names_and_operators_send_back_what_was_refused(
    office: Office, sink: Endpoint
) -> None:
    office.only_worker()
    process = start_sink(office, LEAD_QUALIFIER_CREATE_TOPICS="false")
    process.wait_ready()
    sink.behave = lambda _: Reply(422)
    qualify(office, "L-sunk")
    deadline = time.monotonic() + 30
    while "L-sunk" not in (listed := office.run("operator", "dead-letters", "list", "--downstream").fine().out):
        assert time.monotonic() < deadline, (listed, process.log.read_text())
    sink.behave = lambda _: Reply()
    taken = len(sink.requests)
    office.run("operator", "dead-letters", "replay", "--downstream", "--key", "L-sunk", "--yes").fine()
    while len(sink.requests) == taken:
        assert time.monotonic() < deadline + 30, process.log.read_text()
        time.sleep(0.1)
    assert sink.requests[-1].json()["lead_id"] == "L-sunk"
    office.run("operator", "topics", "check", "--downstream").fine()
    assert process.terminate()[0] == 0


def test_a_sink_needs_each_acl_and_names_the_one_that_is_missing(office: Office, sink: Endpoint) -> None:
    mine = office.of("webhook")
    assert len(mine) == 4 + 2 + 1 + 3
    naming = Naming(
        topic_prefix=office.prefix,
        application_id=application(office),
        create_topics=True,
        sink_id="crm",
        sink_topics=("lead-qualified", "lead-assigned"),
    )
    connection = office.connection("webhook")
    check_rights(connection, grants(Service.WEBHOOK, naming), timeout=10)
    for binding in mine:
        if binding["operation"] == "Create":
            continue  # cannot be asked of what exists
        with office.without(binding), pytest.raises(NotAllowed) as told:
            check_rights(connection, grants(Service.WEBHOOK, naming), timeout=10)
        assert f"{binding['operation']} on {binding['resource_type']} {binding['name']}" in told.value.rights
    binding = random.choice([one for one in mine if one["operation"] != "Create"])
    with office.without(binding):
        process = start_sink(office)
        assert process.process.wait(30) == 1
    said = process.log.read_text()
    assert f"{binding['operation']} on {binding['resource_type']} {binding['name']}" in said
    assert "Traceback" not in said
    without = ("acls", "print", "--service", "webhook", "--config", "crm.yaml", "--json")
    printed = office.line.run(*without, LEAD_QUALIFIER_CREATE_TOPICS="false").fine().json()
    assert printed == [one for one in mine if one["operation"] != "Create"]


def test_a_sinks_list_needs_its_file_and_says_what_is_wrong_with_it(office: Office) -> None:
    for arguments in (["--service", "webhook"], ["--config", "crm.yaml"], ["--service", "cli", "--config", "x.yaml"]):
        refused = office.line.run("acls", "print", *arguments)
        assert refused.code == 2, arguments
        assert "--config" in refused.err
    (office.folder / "dynamics.yaml").write_text(
        "id: dynamics\norg: https://contoso.crm4.dynamics.com\ntenant: contoso.onmicrosoft.com\nclient_id: x\n"
        "client_secret_env: DYNAMICS_SECRET\n"
    )
    whose = ("acls", "print", "--service", "dataverse", "--config")
    printed = office.line.run(*whose, "dynamics.yaml", "--json").fine().json()
    assert {one["name"].removeprefix(office.prefix) for one in printed} == {
        "lead-qualified",
        "downstream-dead-letters",
        f"{application(office)}-dataverse-dynamics",
    }
    (office.folder / "wrong.yaml").write_text("id: dynamics\n")
    wrong = office.line.run(*whose, "wrong.yaml")
    assert wrong.code == 1
    assert "wrong.yaml" in wrong.err


def application(office: Office) -> str:
    return office.line.environment["LEAD_QUALIFIER_APPLICATION_ID"]


def setup(office: Office, connection: Connection) -> TopicSetup:
    return TopicSetup(connection, prefix=office.prefix, partitions=2)
