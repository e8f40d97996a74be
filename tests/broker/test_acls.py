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
from lead_qualifier.services.acls import LOGINS, Naming, grants
from lead_qualifier.services.console_topology import CONSOLE
from lead_qualifier.services.topic_setup import TopicSetup
from tests.support.command_line import CommandLine, Done
from tests.support.console_process import ConsoleProcess
from tests.support.http_endpoint import Endpoint, Reply
from tests.support.messages import change, encode, score
from tests.support.secured_kafka import MECHANISM, SecuredKafka
from tests.support.strimzi import bindings
from tests.support.worker_process import WorkerProcess

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


class SecuredInstallation:
    """An installation, and people and programs with a login each, with the password `hush`.

    `rules`: prints the ACLs that are given to them.
    """

    def __init__(self, kafka: SecuredKafka, folder: Path, rules: Callable[[CommandLine], list[Binding]]) -> None:
        self.kafka = kafka
        self.folder = folder
        self.line = CommandLine(kafka.kafka.bootstrap_servers, folder)
        self.prefix = self.line.prefix
        self.bindings = rules(self.line)
        names = {one["service"]: one["principal"].removeprefix("User:") for one in self.bindings}
        self.logins = {**{service: service for service in (*LOGINS, "stranger")}, **names}
        kafka.add_users(dict.fromkeys(self.logins.values(), "hush"))
        kafka.allow(self.bindings)
        self.workers: list[WorkerProcess] = []

    def of(self, service: str) -> list[Binding]:
        return [one for one in self.bindings if one["service"] == service]

    def run(self, user: str, *arguments: str, stdin: bytes = b"") -> Done:
        return self.line.run(*arguments, stdin=stdin, timeout=60, **self.environment(user))

    def environment(self, user: str) -> dict[str, str]:
        return self.kafka.environment(self.logins[user], "hush")

    def start_worker(self, *program: str, **settings: str) -> WorkerProcess:
        """`program`: the words after `lead-qualifier`, where it is not the worker."""
        user = program[1] if program else "worker"
        environment = {**self.line.environment, **self.environment(user), **settings}
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(environment, log, ("lead_qualifier", *(program or ("worker",)))))
        return self.workers[-1]

    def connection(self, user: str) -> Connection:
        return Connection(
            bootstrap_servers=self.kafka.bootstrap_servers,
            security_protocol="SASL_SSL",
            sasl_mechanism=MECHANISM,
            sasl_username=self.logins[user],
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
def secured(fenced: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredInstallation]:
    """Runs: a worker that made its topics itself, lead management on, a model live."""
    secured = start(SecuredInstallation(fenced, tmp_path_factory.mktemp("secured"), printed_as_json))
    yield secured
    secured.close()


def printed_as_json(line: CommandLine) -> list[Binding]:
    printed: list[Binding] = line.run("acls", "print", "--json").fine().json()
    return printed


def printed_for_strimzi(line: CommandLine) -> list[Binding]:
    printed = line.run("acls", "print", "--format", "strimzi", "--cluster", "main").fine()
    users = f"User:{line.environment['LEAD_QUALIFIER_APPLICATION_ID']}-"
    return [{"service": one["principal"].removeprefix(users), **one} for one in bindings(printed.out)]


def start(secured: SecuredInstallation) -> SecuredInstallation:
    (secured.folder / "model.yaml").write_text(MODEL)
    secured.start_worker().wait_ready()
    secured.run("administrator", "feature", "enable", "lead-management").fine()
    secured.run("cli", "scoring-model", "set", "engagement", "--status", "live").fine()
    secured.run("cli", "model", "apply", "model.yaml").fine()
    secured.run("cli", "model", "publish", "enterprise").fine()
    return secured


def qualify(secured: SecuredInstallation, lead_id: str) -> None:
    """A lead qualifies: the scoring engine sends, the worker decides, a consumer reads."""
    assert secured.send("scoring-engine", "lead-score-changed", lead_id, score(lead_id, "engagement", 80, 0)) is None
    group = secured.logins["consumer"]
    event = secured.read("consumer", "lead-qualified", group, lambda event: event["lead_id"] == lead_id)
    assert event["qualification_model_id"] == "enterprise"


def test_a_lead_qualifies_from_end_to_end(secured: SecuredInstallation) -> None:
    assert secured.send("crm", "lead-changed", "L-1", change("L-1", 0, owner_id="U-1")) is None
    qualify(secured, "L-1")


def test_a_lead_qualifies_by_the_rights_of_kafka_users(fenced: SecuredKafka, tmp_path: Path) -> None:
    secured = SecuredInstallation(fenced, tmp_path, printed_for_strimzi)
    try:
        assert secured.logins["worker"] == f"{application(secured)}-worker"
        qualify(start(secured), "L-1")
        error = secured.send("consumer", "lead-qualified", "L-1", {})
        assert error is not None
        assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    finally:
        secured.close()
        fenced.forbid(secured.bindings)


def test_marketers_and_operators_can_do_all_that_their_commands_do(secured: SecuredInstallation) -> None:
    secured.run("cli", "model", "list").fine()
    secured.run("cli", "lead", "show", "L-1").fine()
    secured.run("operator", "topics", "create").fine()
    line = json.dumps(score("L-3", "engagement", 90, 0)).encode()
    secured.run("operator", "feed", "-", stdin=line).fine()
    assert secured.send("scoring-engine", "lead-score-changed", "L-4", {"lead_id": "L-4"}) is None
    deadline = time.monotonic() + 20
    while "L-4" not in (listed := secured.run("operator", "dead-letters", "list").fine().out):
        assert time.monotonic() < deadline, listed
    secured.run("operator", "dead-letters", "replay", "--all", "--yes").fine()


def test_only_administrators_turn_features_on_and_off(secured: SecuredInstallation) -> None:
    refused = secured.run("cli", "feature", "disable", "lead-management")
    assert refused.code == 1
    assert f"{secured.prefix}feature-commands" in refused.err
    for user in ("worker", "operator", "scoring-engine", "crm", "consumer"):
        error = secured.send(user, "feature-commands", "lead-management", {})
        assert error is not None, user
        assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    # and that is all they may do
    refused = secured.run("administrator", "model", "stop", "enterprise")
    assert refused.code == 1
    assert f"{secured.prefix}qualification-commands" in refused.err


def test_a_consumer_may_only_read_qualified_leads(secured: SecuredInstallation) -> None:
    topics = {one.topic.full_name(secured.prefix) for one in setup(secured, secured.kafka.kafka.connection).find()}
    for topic in sorted(name.removeprefix(secured.prefix) for name in topics):
        error = secured.send("consumer", topic, "x", {})
        assert error is not None, topic
        assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    for topic, group in (("lead-state", "consumer"), ("lead-score-changed", "consumer"), ("lead-qualified", "other")):
        with pytest.raises(KafkaException) as told:
            secured.read("consumer", topic, group, lambda _: True)
        assert "authorization failed" in told.value.args[0].str()


def test_a_stranger_is_told_what_is_missing(secured: SecuredInstallation) -> None:
    for arguments in (["model", "list"], ["topics", "check"]):
        refused = secured.run("stranger", *arguments)
        assert refused.code == 1, arguments
        assert secured.prefix in refused.err
        assert "acls print" in refused.err
        assert "Traceback" not in refused.err


def test_a_marketer_needs_each_acl(secured: SecuredInstallation) -> None:
    commands = {
        "qualification-commands": ["model", "publish", "enterprise"],
        "qualification-model-changed": ["model", "publish", "enterprise"],
        "scoring-model-changed": ["scoring-model", "set", "engagement", "--status", "live"],
        "qualification-models": ["model", "list"],
        "lead-assigned": ["model", "report", "enterprise"],
        "lead-sales-response": ["model", "report", "enterprise"],
        "lead-recycled": ["model", "report", "enterprise"],
    }
    assert len(secured.of("cli")) == 13
    for binding in secured.of("cli"):
        topic = binding["name"].removeprefix(secured.prefix)
        with secured.without(binding):
            refused = secured.run("cli", *commands.get(topic, ["lead", "show", "L-1"]))
        assert refused.code == 1
        assert f"on topic {binding['name']}" in refused.err, refused


def test_sales_operations_need_each_acl_to_explain_an_assignment(secured: SecuredInstallation) -> None:
    environment = {**secured.line.environment, **secured.environment("assignment")}
    service = WorkerProcess(
        environment, secured.folder / "assignment.log", ("lead_qualifier", "downstream", "assignment")
    )
    secured.workers.append(service)
    service.wait_ready()
    qualify(secured, "L-9")
    deadline = time.monotonic() + 20
    while (shown := secured.run("sales-operations", "assignment", "explain", "L-9")).code:
        assert time.monotonic() < deadline, shown
    assert "no live assignment takes leads of model enterprise" in shown.out
    unneeded = []
    for binding in secured.of("sales-operations"):
        with secured.without(binding):
            refused = secured.run("sales-operations", "assignment", "explain", "L-9")
        if refused.code == 1:
            assert f"on topic {binding['name']}" in refused.err, refused
        else:
            unneeded.append(binding["name"].removeprefix(secured.prefix))
    kinds = ("journey", "assignment", "sequence", "follow-up")
    unused = [f"{kind}-{what}" for kind in kinds for what in ("commands", "definition-changed", "definitions")]
    unused.remove("assignment-definitions")  # there is no such topic
    assert sorted(unneeded) == sorted(unused)
    service.terminate()
    secured.workers.remove(service)


def test_the_console_shows_leads_and_sends_commands_by_its_own_login_and_needs_each_acl_to_read(
    secured: SecuredInstallation,
) -> None:
    secured.run("operator", "topics", "create", "--downstream").fine()
    secured.only_worker()
    qualify(secured, "L-7")
    mine = secured.of("console")
    assert {one["resource_type"] for one in mine} == {"topic"}
    with console(secured) as running:
        running.wait_up_to_date()
        assert running.lead("L-7")["status_reason"] == "marketing_qualified"
        assert order(running, "PUT", "scoring-models/engagement", {"status": "live"}) == 200
        assert order(running, "POST", "models/enterprise/stop") == 200
        commands = ("Write", f"{secured.prefix}qualification-commands")
        [writing] = [one for one in mine if (one["operation"], one["name"]) == commands]
        with secured.without(writing):
            assert order(running, "POST", "models/enterprise/publish", patience=0) == 503
        assert order(running, "POST", "models/enterprise/publish") == 200
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": "1",
            "source": "/crm",
            "type": "lead-qualifier.lead-changed",
        }
        event["data"] = change("L-7", 9, owner_id="U-2")
        assert order(running, "POST", "events", event, content_type="application/cloudevents+json") == 202
    connection = secured.connection("console")
    naming = Naming(topic_prefix=secured.prefix, application_id=application(secured), create_topics=True)
    check_rights(connection, grants("console", naming), timeout=10)
    projected = {topic.full_name(secured.prefix) for topic in CONSOLE.reads}
    for binding in random.sample([one for one in mine if one["operation"] == "Read" and one["name"] in projected], 2):
        with secured.without(binding), console(secured) as running:
            deadline = time.monotonic() + 30
            while f"Read on topic {binding['name']}" not in running.health().get("problem", ""):
                assert time.monotonic() < deadline, (binding, running.health())
                time.sleep(0.1)


def order(
    console: ConsoleProcess,
    method: str,
    path: str,
    body: object = None,
    *,
    content_type: str = "application/json",
    patience: float = 10,
) -> int:
    """The status of the answer. What has just changed on the broker reaches it within a moment."""
    content = None if body is None else json.dumps(body)
    headers = {} if body is None else {"Content-Type": content_type}
    deadline = time.monotonic() + patience
    while True:
        answer = console.client.request(method, f"/api/v1/{path}", content=content, headers=headers)
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer.status_code
        time.sleep(0.2)


@contextmanager
def console(secured: SecuredInstallation) -> Iterator[ConsoleProcess]:
    folder = secured.folder / "console"
    folder.mkdir(exist_ok=True)
    running = ConsoleProcess({**secured.line.environment, **secured.environment("console")}, folder)
    yield running
    running.kill()


def test_a_worker_needs_each_acl_and_names_the_one_that_is_missing(secured: SecuredInstallation) -> None:
    naming = Naming(topic_prefix=secured.prefix, application_id=application(secured), create_topics=True)
    mine = grants("worker", naming)
    connection = secured.connection("worker")
    check_rights(connection, mine, timeout=10)
    for binding in secured.of("worker"):
        if binding["resource_type"] == "transactional-id" or binding["operation"] == "Create":
            continue  # by running, below
        with secured.without(binding), pytest.raises(NotAllowed) as told:
            check_rights(connection, mine, timeout=10)
        needed = f"{binding['operation']} on {binding['resource_type']} {binding['name']}"
        assert needed in told.value.rights, (needed, told.value)
        if binding["operation"] == "DescribeConfigs":
            with secured.without(binding), pytest.raises(NotAllowed, match=f"{needed}$"):
                setup(secured, connection).check()


def test_a_worker_refuses_to_start_and_names_what_it_may_not_do(secured: SecuredInstallation) -> None:
    for binding in random.sample([one for one in secured.of("worker") if one["operation"] in {"Read", "Write"}], 2):
        if binding["resource_type"] == "transactional-id":
            continue
        with secured.without(binding):
            worker = secured.start_worker()
            assert worker.process.wait(30) == 1
        said = worker.log.read_text()
        assert f"{binding['operation']} on {binding['resource_type']} {binding['name']}" in said
        assert "lead-qualifier acls print" in said
        assert "Traceback" not in said


def test_a_worker_that_may_not_create_topics_runs_where_they_exist_and_says_which_it_may_not_create(
    secured: SecuredInstallation,
) -> None:
    creating = [one for one in secured.of("worker") if one["operation"] == "Create"]
    printed = secured.line.run("acls", "print", "--service", "worker", "--json", LEAD_QUALIFIER_CREATE_TOPICS="false")
    assert len(printed.fine().json()) == len(secured.of("worker")) - len(creating)
    secured.kafka.forbid(creating)
    secured.start_worker().wait_ready()
    elsewhere = secured.start_worker(LEAD_QUALIFIER_TOPIC_PREFIX=f"{secured.prefix}elsewhere.")
    assert elsewhere.process.wait(30) == 1
    assert f"Read on topic {secured.prefix}elsewhere.lead-changed" in elsewhere.log.read_text()
    secured.kafka.allow(creating)


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
    secured: SecuredInstallation, operation: str, kind: str, name: str
) -> None:
    worker = secured.only_worker()
    lead_id = f"L-{operation}-{kind}-{name}"
    [binding] = [
        one
        for one in secured.of("worker")
        if (one["operation"], one["resource_type"]) == (operation, kind)
        and name in {"", one["name"].removeprefix(secured.prefix)}
    ]
    with secured.without(binding):
        if name == "qualification-models":
            secured.send(
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
        secured.send("scoring-engine", "lead-score-changed", lead_id, score(lead_id, "engagement", 80, 0))
        code = worker.process.wait(40)
    said = worker.events("worker_failed")
    assert code == 70
    assert f"{operation} on {kind} {binding['name']}" in said[0]["reason"], said


@pytest.mark.parametrize("topic", ["lead-merged", "qualification-commands"])
def test_a_worker_that_may_no_longer_read_one_input_is_unready_within_30_seconds_and_names_it(
    secured: SecuredInstallation, topic: str
) -> None:
    """No record comes on that input: the broker's refusal alone shows it."""
    worker = secured.only_worker()
    binding = next(
        one for one in secured.of("worker") if (one["operation"], one["name"]) == ("Read", secured.prefix + topic)
    )
    with secured.without(binding):
        began = time.monotonic()
        while is_ready(worker):
            assert time.monotonic() - began < 30
            time.sleep(0.1)
        print(f"not ready {time.monotonic() - began:.1f} s after the right to read {topic} was taken away")
        assert worker.process.wait(30) == 70
    [failed] = worker.events("worker_failed")
    assert f"Read on topic {secured.prefix}{topic}" in failed["reason"]


def is_ready(worker: WorkerProcess) -> bool:
    """False too when it has ended."""
    try:
        return worker.ready()
    except OSError:
        return False


def test_kafkas_own_program_takes_the_printed_lines(secured: SecuredInstallation) -> None:
    kafka = secured.kafka.kafka
    (kafka.folder / "admin.properties").write_text("")
    before = secured.kafka.allowed()
    printed = secured.line.run(
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
    added = secured.kafka.allowed() - before
    assert ("User:O'Hara", "WRITE", "TRANSACTIONAL_ID", "PREFIXED", "acme-") in added
    assert ("User:O'Hara", "DESCRIBE_CONFIGS", "TOPIC", "LITERAL", "acme.command-state") in added
    assert len(added) == 13


def test_repartition_needs_its_own_list_and_no_more(secured: SecuredInstallation) -> None:
    to = f"{secured.prefix}p3."
    whose = ("acls", "print", "--service", "repartition")
    secured.run("operator", "topics", "create", "--downstream").fine()
    asked = secured.line.run(*whose)
    assert asked.code == 2
    assert "--to-prefix" in asked.err
    printed = secured.line.run(*whose, "--to-prefix", to, "--json").fine().json()
    # they decide what those before them were not allowed to
    running = [secured.only_worker(), secured.start_worker("downstream", "assignment")]
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
    assert "nothing to repair" in secured.run("operator", "topics", "repair", "--downstream").fine().err
    command = ("repartition", "--partitions", "3", "--to-prefix", to, "--history", "--yes")
    refused = secured.run("repartition", *command)
    assert refused.code == 1
    assert "acls print" in refused.err
    secured.kafka.allow(printed)
    # not all of them: each is a run of the command; one Create only, for a run that lacks it makes all other topics
    withheld = random.sample(
        [
            ("Read", "topic", f"{secured.prefix}lead-state"),
            ("DescribeConfigs", "topic", f"{secured.prefix}qualification-models"),
            ("Read", "topic", f"{secured.prefix}sequence-state"),
            ("Create", "topic", f"{to}{random.choice(('lead-state', 'sequence-state'))}"),
            ("Write", "topic", f"{to}qualification-models"),
            ("Describe", "group", application(secured)),
            ("Describe", "group", f"{application(secured)}-sequences"),
            ("Write", "transactional-id", f"{application(secured)}-repartition"),
        ],
        3,
    )
    for binding in printed:
        if (binding["operation"], binding["resource_type"], binding["name"]) in withheld:
            with secured.without(binding):
                assert secured.run("repartition", *command).code == 1, binding
    done = secured.run("repartition", *command).fine()
    assert "from 2 to 3 partitions" in done.out


SINK = """\
id: crm
url: {url}
topics: [lead-qualified, lead-assigned]
secret_env: CRM_SECRET
"""


@pytest.fixture
def sink(secured: SecuredInstallation) -> Iterator[Endpoint]:
    """Where the webhook of crm.yaml leads; its list was printed and allowed, the downstream topics are there."""
    secured.run("operator", "topics", "create", "--downstream").fine()
    with Endpoint() as endpoint:
        (secured.folder / "crm.yaml").write_text(SINK.format(url=endpoint.url))
        printed = secured.line.run("acls", "print", "--service", "webhook", "--config", "crm.yaml", "--json").fine()
        secured.bindings = [one for one in secured.bindings if one["service"] != "webhook"] + printed.json()
        secured.kafka.allow(secured.of("webhook"))
        yield endpoint


def start_sink(secured: SecuredInstallation, **settings: str) -> WorkerProcess:
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    config = str(secured.folder / "crm.yaml")
    return secured.start_worker("downstream", "webhook", "--config", config, CRM_SECRET=secret, **settings)


def test_a_sink_carries_out_what_its_file_names_and_operators_send_back_what_was_refused(
    secured: SecuredInstallation, sink: Endpoint
) -> None:
    secured.only_worker()
    process = start_sink(secured, LEAD_QUALIFIER_CREATE_TOPICS="false")
    process.wait_ready()
    sink.behave = lambda _: Reply(422)
    qualify(secured, "L-sunk")
    deadline = time.monotonic() + 30
    while "L-sunk" not in (listed := secured.run("operator", "dead-letters", "list", "--downstream").fine().out):
        assert time.monotonic() < deadline, (listed, process.log.read_text())
    sink.behave = lambda _: Reply()
    taken = len(sink.requests)
    secured.run("operator", "dead-letters", "replay", "--downstream", "--key", "L-sunk", "--yes").fine()
    while len(sink.requests) == taken:
        assert time.monotonic() < deadline + 30, process.log.read_text()
        time.sleep(0.1)
    assert sink.requests[-1].json()["lead_id"] == "L-sunk"
    secured.run("operator", "topics", "check", "--downstream").fine()
    assert process.terminate()[0] == 0


def test_a_sink_needs_each_acl_and_names_the_one_that_is_missing(secured: SecuredInstallation, sink: Endpoint) -> None:
    mine = secured.of("webhook")
    assert len(mine) == 4 + 2 + 1 + 3
    naming = Naming(
        topic_prefix=secured.prefix,
        application_id=application(secured),
        create_topics=True,
        sink_id="crm",
        sink_topics=("lead-qualified", "lead-assigned"),
    )
    connection = secured.connection("webhook")
    check_rights(connection, grants("webhook", naming), timeout=10)
    for binding in mine:
        if binding["operation"] == "Create":
            continue  # cannot be asked of what exists
        with secured.without(binding), pytest.raises(NotAllowed) as told:
            check_rights(connection, grants("webhook", naming), timeout=10)
        assert f"{binding['operation']} on {binding['resource_type']} {binding['name']}" in told.value.rights
    binding = random.choice([one for one in mine if one["operation"] != "Create"])
    with secured.without(binding):
        process = start_sink(secured)
        assert process.process.wait(30) == 1
    said = process.log.read_text()
    assert f"{binding['operation']} on {binding['resource_type']} {binding['name']}" in said
    assert "Traceback" not in said
    without = ("acls", "print", "--service", "webhook", "--config", "crm.yaml", "--json")
    printed = secured.line.run(*without, LEAD_QUALIFIER_CREATE_TOPICS="false").fine().json()
    assert printed == [one for one in mine if one["operation"] != "Create"]


def test_a_sinks_list_needs_its_file_and_says_what_is_wrong_with_it(secured: SecuredInstallation) -> None:
    for arguments in (["--service", "webhook"], ["--config", "crm.yaml"], ["--service", "cli", "--config", "x.yaml"]):
        refused = secured.line.run("acls", "print", *arguments)
        assert refused.code == 2, arguments
        assert "--config" in refused.err
    (secured.folder / "dynamics.yaml").write_text(
        "id: dynamics\norg: https://contoso.crm4.dynamics.com\ntenant: contoso.onmicrosoft.com\nclient_id: x\n"
        "client_secret_env: DYNAMICS_SECRET\n"
    )
    whose = ("acls", "print", "--service", "dataverse", "--config")
    printed = secured.line.run(*whose, "dynamics.yaml", "--json").fine().json()
    assert {one["name"].removeprefix(secured.prefix) for one in printed} == {
        "lead-qualified",
        "downstream-dead-letters",
        f"{application(secured)}-dataverse-dynamics",
    }
    (secured.folder / "wrong.yaml").write_text("id: dynamics\n")
    wrong = secured.line.run(*whose, "wrong.yaml")
    assert wrong.code == 1
    assert "wrong.yaml" in wrong.err


def application(secured: SecuredInstallation) -> str:
    return secured.line.environment["LEAD_QUALIFIER_APPLICATION_ID"]


def setup(secured: SecuredInstallation, connection: Connection) -> TopicSetup:
    return TopicSetup(connection, prefix=secured.prefix, partitions=2)
