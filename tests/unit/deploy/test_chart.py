"""What the chart makes: objects that Kubernetes takes, and pods that start the program and may do little else."""

from __future__ import annotations

import inspect
import os
import re
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from lead_qualifier.cli.program import assemble
from lead_qualifier.console.access.configuration import check_access
from lead_qualifier.messages.topics import Partitions
from lead_qualifier.services.acls import sink_group
from lead_qualifier.services.topology import DOWNSTREAM, WORKER
from lead_qualifier.services.web import WebServer
from lead_qualifier.settings import Settings, variable_of
from lead_qualifier.sinks.dataverse import build as dataverse
from lead_qualifier.sinks.webhook import build as webhook
from tests.support.helm import (
    AT,
    BROKER,
    CHART,
    CONSOLE,
    ROOT,
    VALUES,
    container,
    environment,
    helm,
    of_kind,
    pods,
    render,
)
from tests.support.kubernetes import problems

FILES = sorted(VALUES.glob("*.yaml"))
MONITORING = ROOT / "deploy" / "monitoring"
RUNBOOKS = ROOT / "docs" / "runbooks"
GOLDEN = Path(__file__).parent / "golden"
KNOWN = {variable_of(name) for name in Settings.model_fields}
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def objects(request: pytest.FixtureRequest) -> Objects:
    return render(values=[request.param])


@pytest.fixture(scope="module")
def everything() -> Objects:
    return render(values=[VALUES / "everything.yaml"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_helm_finds_nothing_to_complain_about(file: Path) -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in helm("lint", "--strict", str(CHART), *AT, "--values", str(file))


@pytest.mark.parametrize("name", ["small", "secured"])
def test_what_it_makes_is_as_reviewed(name: str) -> None:
    """UPDATE_GOLDEN=1 writes the files anew: look at the difference."""
    found = sorted(render(values=[VALUES / f"{name}.yaml"]), key=lambda one: (one["kind"], one["metadata"]["name"]))
    for one in found:  # another test compares these with their sources
        if one["kind"] == "PrometheusRule":
            one["spec"] = "..."
        elif one["metadata"]["name"].endswith("-dashboard"):
            one["data"] = dict.fromkeys(one["data"], "...")
    file = GOLDEN / f"{name}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(yaml.safe_dump_all(found, sort_keys=False, width=120))
    assert found == list(yaml.safe_load_all(file.read_text()))


def test_kubernetes_takes_every_object(objects: Objects) -> None:
    assert {one["metadata"]["name"]: found for one in objects if (found := problems(one))} == {}


def test_objects_that_kubernetes_does_not_take_are_noticed() -> None:
    (job,) = of_kind(render(BROKER), "Job").values()
    job["spec"]["template"]["spec"]["containers"][0]["port"] = []
    assert "port" in problems(job)[0]


def test_every_pod_satisfies_the_restricted_pod_security_standard(objects: Objects) -> None:
    for template in pods(objects).values():
        pod, only = template["spec"], container(template)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & {*pod}
        assert all("hostPort" not in port for port in only.get("ports", ()))
        assert all({*volume} - {"name"} <= {"configMap", "secret", "emptyDir"} for volume in pod["volumes"])


def test_no_pod_can_talk_to_kubernetes_or_takes_its_variables(objects: Objects) -> None:
    for template in pods(objects).values():
        assert template["spec"]["automountServiceAccountToken"] is False
        assert template["spec"]["enableServiceLinks"] is False
    assert all(one["automountServiceAccountToken"] is False for one in of_kind(objects, "ServiceAccount").values())


def test_every_variable_is_a_setting_of_the_program(everything: Objects) -> None:
    given = {one["name"] for template in pods(everything).values() for one in container(template)["env"]}
    assert given - KNOWN == {"TZ", "NODE", "CRM_SECRET", "DYNAMICS_SECRET"}


def test_every_connection_setting_can_be_given(everything: Objects) -> None:
    given = {one["name"] for template in pods(everything).values() for one in container(template)["env"]}
    secured = pods(render(values=[VALUES / "secured.yaml"]))["worker"]
    given |= {one["name"] for one in container(secured)["env"]}
    assert {name for name in KNOWN if name.startswith("KAFKA_")} - given == set()


def test_the_program_takes_the_settings(everything: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {("login", "id"): "i", ("login", "secret"): "s", ("client", "user.password"): "p"}
    template = deepcopy(pods(everything)["worker"])
    container(template)["env"][:] = [one for one in container(template)["env"] if one["name"] != "NODE"]
    for name, value in environment(template, secrets).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.partitions == 12
    assert settings.startup_timeout == 90.5
    assert settings.time_tolerance.total_seconds() == 7200
    assert settings.create_topics is False
    assert settings.kafka_ssl_check_hostname is False
    assert settings.connection().oauth is not None


def test_every_process_is_a_command_of_the_program(everything: Objects) -> None:
    for template in pods(everything).values():
        done = CliRunner().invoke(assemble(), [*container(template)["args"], "--help"])
        assert done.exit_code == 0, done.output
        assert "Usage" in done.output


def test_probes_ask_what_the_program_serves(everything: Objects) -> None:
    served = inspect.getsource(WebServer)
    for template in pods([one for one in everything if one["kind"] == "Deployment"]).values():
        only = container(template)
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = only[kind]["httpGet"]
            assert f'"{asked["path"]}"' in served
            assert {port["name"]: port["containerPort"] for port in only["ports"]}[asked["port"]] == 8080


def test_a_process_that_waits_for_a_broker_is_not_killed_by_its_probe() -> None:
    probe = container(pods(render(BROKER, "settings.startupTimeout=200"))["worker"])["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] > 200


def test_everything_is_labelled_as_kubernetes_recommends(objects: Objects) -> None:
    for one in objects:
        labels = one["metadata"]["labels"]
        assert {
            f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "part-of", "managed-by")
        } <= labels.keys()
        assert labels["app.kubernetes.io/instance"] == "lq"
        assert one["metadata"].get("namespace") == "leads"


def test_selectors_choose_the_pods_of_one_component(objects: Objects) -> None:
    for kind in ("Deployment", "PodDisruptionBudget"):
        for name, one in of_kind(objects, kind).items():
            chosen = [
                component
                for component, template in pods(objects).items()
                if one["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
            ]
            assert chosen == [name]


@pytest.mark.parametrize("name", DOWNSTREAM)
def test_lag_of_a_service_is_that_of_its_own_group_and_topics(everything: Objects, name: str) -> None:
    scaled = of_kind(everything, "ScaledObject")[name]["spec"]
    asked = [trigger["metadata"] for trigger in scaled["triggers"]]
    assert {one["consumerGroup"] for one in asked} == {DOWNSTREAM[name].group_id("acme")}
    assert {one["topic"].removeprefix("acme.") for one in asked} <= {topic.name for topic in DOWNSTREAM[name].inputs}
    assert {one["excludePersistentLag"] for one in asked} == {"true"}
    assert scaled["scaleTargetRef"]["name"] == f"lq-lead-qualifier-{name}"
    assert "replicas" not in of_kind(everything, "Deployment")[name]["spec"]


def test_lag_of_the_workers_counts_every_topic_keyed_by_lead() -> None:
    spec = of_kind(render(BROKER, "services.worker.autoscaling.enabled=true"), "ScaledObject")["worker"]["spec"]
    assert {one["metadata"]["consumerGroup"] for one in spec["triggers"]} == {WORKER.group_id("lead-qualifier")}
    keyed = {one.name for one in WORKER.inputs if one.partitions is Partitions.BY_LEAD}
    assert {one["metadata"]["topic"] for one in spec["triggers"]} == keyed


def test_lag_of_a_sink_is_that_of_its_group(everything: Objects) -> None:
    (trigger,) = of_kind(everything, "ScaledObject")["sink-crm"]["spec"]["triggers"]
    assert trigger["metadata"]["consumerGroup"] == sink_group("acme", "webhook", "crm")
    assert trigger["metadata"]["topic"] == "acme.lead-qualified"


def test_keda_logs_in_as_the_process_does(everything: Objects) -> None:
    scaled = of_kind(everything, "ScaledObject")
    login = of_kind(everything, "TriggerAuthentication")["sequences"]["spec"]
    process = container(pods(everything)["sequences"])
    variables = {one["name"]: one for one in process["env"]}
    assert {one["containerName"] for one in login["env"]} == {process["name"]}
    assert {one["parameter"]: "valueFrom" in variables[one["name"]] for one in login["env"]} == {
        "username": True,
        "password": True,
        "oauthTokenEndpointUri": False,
        "scopes": False,
    }
    files = {one["parameter"]: (one["name"], one["key"]) for one in login["secretTargetRef"]}
    assert files["key"] == ("client", "user.key")
    assert login["configMapTargetRef"] == [{"parameter": "ca", "name": "authorities", "key": "bundle.pem"}]
    assert scaled["sequences"]["spec"]["triggers"][0]["authenticationRef"]["name"] == "lq-lead-qualifier-sequences"
    assert scaled["assignment"]["spec"]["triggers"][0]["authenticationRef"]["name"] == "mine"
    assert "assignment" not in of_kind(everything, "TriggerAuthentication")


@pytest.mark.parametrize(("name", "build"), [("crm", webhook.webhook), ("dynamics", dataverse.dataverse)])
def test_the_program_takes_the_files_of_sinks(
    everything: Objects, name: str, build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sink.yaml"
    file.write_text(of_kind(everything, "ConfigMap")[f"sink-{name}"]["data"]["sink.yaml"])
    monkeypatch.setenv("CRM_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("DYNAMICS_SECRET", "secret")
    sink = build(file, application_id="acme") if name == "crm" else build(file)
    sink.client.close()
    assert sink.id == name


def test_the_console_takes_its_settings_and_lets_people_sign_in(
    everything: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {("console-database", "address"): "postgresql://db.example.com/leads", ("dataverse", "webhook"): "hush"}
    secrets |= {("login", "id"): "i", ("login", "secret"): "s", ("client", "user.password"): "p"}
    template = deepcopy(pods(everything)["console"])
    container(template)["env"][:] = [one for one in container(template)["env"] if one["name"] != "NODE"]
    for name, value in environment(template, secrets).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.console_host, settings.console_port) == ("::", 6071)
    check_access(settings)  # not on loopback alone, because people sign in
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://db.example.com/leads"
    file = str(settings.oidc_client_secret_file)
    mounts = {one["mountPath"]: one["name"] for one in container(template)["volumeMounts"]}
    volumes = {one["name"]: one for one in template["spec"]["volumes"]}
    assert volumes[mounts[file.rpartition("/")[0]]]["secret"]["secretName"] == "console-oidc"
    assert "data" not in volumes
    assert settings.oidc_roles == "sales=viewer;marketing=marketer"


def test_a_console_without_a_database_of_its_own_keeps_a_file_in_its_pod() -> None:
    template = pods(render(BROKER, *CONSOLE))["console"]
    (data,) = [one for one in template["spec"]["volumes"] if one["name"] == "data"]
    assert data["emptyDir"] == {"sizeLimit": "4Gi"}
    folder = environment(template, {})["LEAD_QUALIFIER_DATA_DIR"]
    assert folder in {one["mountPath"] for one in container(template)["volumeMounts"]}


def test_the_console_is_reached_by_its_own_address_and_reaches_provider_and_database(everything: Objects) -> None:
    ports = {one["name"]: one["containerPort"] for one in container(pods(everything)["console"])["ports"]}
    assert ports == {"http": 8080, "pages": 6071}
    (port,) = of_kind(everything, "Service")["console"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8000, "pages")
    ingress = of_kind(everything, "Ingress")["console"]["spec"]
    assert ingress["tls"] == [{"hosts": ["leads.example.com"], "secretName": "leads-tls"}]
    (rule,) = ingress["rules"]
    assert rule["host"] == "leads.example.com"
    served = rule["http"]["paths"][0]["backend"]["service"]
    assert served == {"name": "lq-lead-qualifier-console", "port": {"name": "pages"}}
    policy = of_kind(everything, "NetworkPolicy")["console"]["spec"]
    assert [[one["port"] for one in rule["ports"]] for rule in policy["ingress"]] == [["pages"]]
    assert [[one["port"] for one in rule["ports"]] for rule in policy["egress"]] == [[8443], [6432]]
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "console"


def test_the_console_is_not_scaled_by_lag_and_needs_no_partition_of_its_own() -> None:
    database = "console.database.existingSecret=db"
    objects = render(BROKER, *CONSOLE, database, "defaults.autoscaling.enabled=true", "console.replicas=20")
    assert of_kind(objects, "Deployment")["console"]["spec"]["replicas"] == 20
    assert "console" not in of_kind(objects, "ScaledObject")


def test_a_new_release_leaves_no_moment_without_a_console() -> None:
    objects = render(BROKER, *CONSOLE)
    deployment = of_kind(objects, "Deployment")["console"]["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    hooks = {name: container(one)["lifecycle"] for name, one in pods(objects).items() if "lifecycle" in container(one)}
    assert hooks == {"console": {"preStop": {"exec": {"command": ["sleep", "5"]}}}}
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] >= 30


def test_a_sink_whose_file_changes_is_replaced() -> None:
    before, after = (
        pods(render(f"sinks.crm.config.timeout={timeout}", values=[VALUES / "secured.yaml"]))["sink-crm"]
        for timeout in ("5s", "6s")
    )
    assert before["metadata"]["annotations"] != after["metadata"]["annotations"]


def test_pods_may_reach_kafka_names_and_nothing_else() -> None:
    policy = of_kind(render(BROKER), "NetworkPolicy")["lq-lead-qualifier"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in policy["spec"]["egress"]] == [[53, 53], [9092]]
    assert [[port["port"] for port in rule["ports"]] for rule in policy["spec"]["ingress"]] == [["http"]]


def test_pods_may_reach_every_broker_and_the_token_endpoint() -> None:
    egress = of_kind(render("networkPolicy.kafkaPorts=null", values=[VALUES / "everything.yaml"]), "NetworkPolicy")[
        "lq-lead-qualifier"
    ]["spec"]["egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in egress] == [[5353, 5353], [9093, 9094], [443], [4317]]


def test_only_a_sink_may_reach_its_endpoint(everything: Objects) -> None:
    policies = of_kind(everything, "NetworkPolicy")
    assert policies["sink-crm"]["spec"]["egress"] == [{"ports": [{"port": 80, "protocol": "TCP"}]}]
    assert policies["sink-dynamics"]["spec"]["egress"] == [{"ports": [{"port": 443, "protocol": "TCP"}]}]
    chosen = policies["sink-crm"]["spec"]["podSelector"]["matchLabels"]
    assert chosen["app.kubernetes.io/component"] == "sink-crm"


def test_a_sink_without_an_address_may_reach_no_more_than_the_others() -> None:
    sink = ("sinks.crm.kind=webhook", "sinks.crm.config.id=crm")
    assert "sink-crm" not in of_kind(render(BROKER, *sink), "NetworkPolicy")


def test_the_job_may_reach_kafka_before_the_release_has_a_policy(everything: Objects) -> None:
    policies = of_kind(everything, "NetworkPolicy")
    before = policies["topics"]
    assert before["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-weight": "-5",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert before["spec"]["policyTypes"] == ["Egress"]
    assert before["spec"]["egress"] == policies["lq-lead-qualifier"]["spec"]["egress"]
    labels = pods(everything)["topics"]["metadata"]["labels"]
    assert before["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert "topics" not in of_kind(render(BROKER, "topics.create=nobody"), "NetworkPolicy")


def test_alerts_find_the_scrape_job_whatever_the_chart_is_called(everything: Objects) -> None:
    (monitor,) = of_kind(everything, "ServiceMonitor").values()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert {"targetLabel": "job", "replacement": "lead-qualifier-lq"} in endpoint["relabelings"]


def test_alerts_and_dashboard_are_those_of_compose() -> None:
    objects = render(values=[VALUES / "secured.yaml"])
    (rules,) = of_kind(objects, "PrometheusRule").values()
    assert rules["spec"] == yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    dashboard = of_kind(objects, "ConfigMap")["dashboard"]
    assert dashboard["data"] == {"lead-qualifier.json": (MONITORING / "dashboard.json").read_text()}
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_alerts_link_to_the_runbooks_address_and_include_optional_ones_where_asked(everything: Objects) -> None:
    (rules,) = of_kind(everything, "PrometheusRule").values()
    alerts = {rule["alert"]: rule for group in rules["spec"]["groups"] for rule in group["rules"]}
    assert "LeadQualifierNoTraffic" in alerts
    for alert in alerts.values():
        found = re.fullmatch("https://docs.example.com/runbooks/([a-z-]+)/", alert["annotations"]["runbook_url"])
        assert found is not None, "a page of the site, which has no .md"
        assert (RUNBOOKS / f"{found[1]}.md").is_file()


def test_alerts_and_dashboard_are_off_unless_asked_for() -> None:
    objects = render(BROKER)
    assert "PrometheusRule" not in {one["kind"] for one in objects}
    assert "dashboard" not in of_kind(objects, "ConfigMap")


def test_the_job_is_scheduled_as_the_processes_unless_it_says_otherwise() -> None:
    tolerations = ("defaults.tolerations[0].key=a", "defaults.nodeSelector.pool=a", "topics.nodeSelector.pool=b")
    pod = pods(render(BROKER, *tolerations, "defaults.podAnnotations.team=sales"))["topics"]
    assert pod["spec"]["tolerations"] == [{"key": "a"}]
    assert pod["spec"]["nodeSelector"] == {"pool": "b"}
    assert pod["metadata"]["annotations"] == {"team": "sales"}


def test_a_login_of_its_own_takes_its_user_name_from_its_secret_or_a_value() -> None:
    shared = ("kafka.securityProtocol=SASL_SSL", "kafka.sasl.existingSecret=login", "kafka.sasl.username=worker")
    own = "services.downstream.kafka.sasl"
    secrets = {("other", "username"): "in-secret", ("other", "password"): ""}
    for username, found in (("", "in-secret"), ("mine", "mine")):
        sets = (*shared, f"{own}.existingSecret=other", f"{own}.username={username}")
        made = pods(render(BROKER, *sets))
        assert environment(made["downstream"], secrets)["KAFKA_SASL_USERNAME"] == found


def test_no_shared_login_is_needed_where_each_process_has_its_own() -> None:
    objects = render(
        BROKER,
        "kafka.securityProtocol=SASL_SSL",
        "topics.create=nobody",
        "services.downstream.enabled=false",
        "services.worker.kafka.sasl.existingSecret=login",
    )
    assert [*pods(objects)] == ["worker"]


@pytest.mark.parametrize(("create", "processes"), [("job", "false"), ("processes", "true"), ("nobody", "false")])
def test_one_party_creates_topics(create: str, processes: str) -> None:
    objects = render(BROKER, f"topics.create={create}")
    assert environment(pods(objects)["worker"], {})["LEAD_QUALIFIER_CREATE_TOPICS"] == processes
    assert ("topics" in of_kind(objects, "Job")) == (create == "job")


def test_the_job_runs_before_the_processes_with_a_login_of_its_own(everything: Objects) -> None:
    job = of_kind(everything, "Job")["topics"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    login = [
        one["valueFrom"]["secretKeyRef"] for one in container(job["spec"]["template"])["env"] if "valueFrom" in one
    ]
    assert {one["name"] for one in login if one["key"] in {"id", "secret"}} == {"operator"}


def test_topics_of_downstream_services_are_created_where_they_run() -> None:
    assert container(pods(render(BROKER))["topics"])["args"] == ["topics", "create", "--downstream"]
    alone = render(BROKER, "services.downstream.enabled=false")
    assert container(pods(alone)["topics"])["args"] == ["topics", "create"]


def test_an_image_is_named_by_its_digest_where_one_is_given() -> None:
    assert container(pods(render(BROKER, "image.tag=2.0.0"))["worker"])["image"] == "lead-qualifier:2.0.0"
    secured = pods(render(values=[VALUES / "secured.yaml"]))["worker"]
    assert container(secured)["image"].startswith("registry.example.com/lead-qualifier@sha256:0123")


def test_notes_say_what_to_do_next(tmp_path: Path) -> None:
    chart = tmp_path / "lead-qualifier"
    shutil.copytree(CHART, chart)
    # Without a cluster helm shows no notes: here they are an object.
    notes = (chart / "templates" / "NOTES.txt").read_text()
    (chart / "templates" / "_notes.tpl").write_text('{{- define "notes" -}}' + notes + "{{- end -}}")
    (chart / "templates" / "notes.yaml").write_text('kind: Notes\ntext: {{ include "notes" . | quote }}\n')
    shown = helm("template", "lq", str(chart), "-n", "leads", "-s", "templates/notes.yaml", *AT, "--set", BROKER)
    for said in (
        "rollout status deployment/lq-lead-qualifier-downstream",
        "rollout status deployment/lq-lead-qualifier-worker",
        "lead-qualifier feature enable lead-management",
        "/health/ready",
        "WARNING: the connection to Kafka is neither encrypted nor authenticated",
        "Set image.digest",
    ):
        assert said in yaml.safe_load(shown)["text"]
