"""Values that cannot work are refused before anything is installed, by name and with what to do."""

from __future__ import annotations

import pytest

from tests.support.helm import BROKER, CONSOLE, VALUES, Refused, render

SASL = ("kafka.securityProtocol=SASL_SSL", "kafka.sasl.existingSecret=login")


#: One of each kind, and what the schema says of it. Helm lists all at once.
MISTAKES = {
    "replicas=2": "at '': additional properties 'replicas' not allowed",
    "services.wroker.enabled=true": "at '/services': additional properties 'wroker' not allowed",
    "services.worker.replica=2": "at '/services/worker': additional properties 'replica' not allowed",
    "settings.webPort=80": "at '/settings': additional properties 'webPort' not allowed",
    "settings.unknownLeads=maybe": "at '/settings/unknownLeads': value must be one of 'open', 'ineligible'",
    "settings.partitions=0": "at '/settings/partitions': minimum: got 0, want 1",
    "settings.timeTolerance=soon": "at '/settings/timeTolerance': 'soon' does not match pattern",
    "services.worker.replicas=none": "at '/services/worker/replicas': got string, want integer",
    "defaults.terminationGracePeriodSeconds=10": "/terminationGracePeriodSeconds': minimum: got 10, want 30",
    "defaults.autoscaling.minReplicas=0": "at '/defaults/autoscaling/minReplicas': minimum: got 0, want 1",
    "image.digest=latest": "at '/image/digest': 'latest' does not match pattern",
    "kafka.bootstrapServers=kafka": "at '/kafka/bootstrapServers': 'kafka' does not match pattern",
    "topics.kafka.bootstrapServers=https://kafka:9092": "'https://kafka:9092' does not match pattern",
    "kafka.securityProtocol=TLS": "at '/kafka/securityProtocol': value must be one of 'PLAINTEXT', 'SSL',",
    "topics.create=yes": "at '/topics/create': value must be one of 'job', 'processes', 'nobody'",
    "sinks.crm.kind=webhook": "at '/sinks/crm': missing property 'config'",
    "sinks.a.kind=ftp": "at '/sinks/a/kind': value must be one of 'webhook', 'dataverse'",
    "sinks.CRM.kind=webhook": "'CRM' does not match pattern",
    "sinks.b.config.url=x": "at '/sinks/b/config': missing property 'id'",
    "console.settings.oidcSecret=x": "at '/console/settings': additional properties 'oidcSecret' not allowed",
    "console.autoscaling.enabled=true": "at '/console': additional properties 'autoscaling' not allowed",
    "console.port=0": "at '/console/port': minimum: got 0, want 1",
    "web.port=0": "at '/web/port': minimum: got 0, want 1",
    "metrics.serviceMonitor.interval=often": "at '/metrics/serviceMonitor/interval': 'often' does not match pattern",
}


@pytest.fixture(scope="module")
def complaints() -> str:
    with pytest.raises(Refused, match=r"values don't meet the specifications of the schema") as refused:
        render(*MISTAKES)
    return str(refused.value)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_schema_refuses(complaints: str, mistake: str) -> None:
    assert MISTAKES[mistake] in complaints


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        (("kafka.bootstrapServers=",), "set kafka.bootstrapServers to the addresses of your brokers"),
        (
            ("services.worker.replicas=9",),
            "services.worker.replicas is 9, but there are 8 partitions (settings.partitions): more would stay idle",
        ),
        (
            ("services.worker.autoscaling.enabled=true", "services.worker.autoscaling.maxReplicas=9"),
            "services.worker.autoscaling.maxReplicas is 9, but there are 8 partitions",
        ),
        (
            ("defaults.autoscaling.enabled=true", "settings.partitions=3"),
            "services.downstream.autoscaling.maxReplicas is 4, but there are 3 partitions",
        ),
        (
            ("services.worker.autoscaling.enabled=true", "services.worker.autoscaling.minReplicas=5"),
            "services.worker.autoscaling.minReplicas is above maxReplicas",
        ),
        (
            ("services.journeys.enabled=true",),
            "services.downstream already runs journeys: disable services.downstream, or services.journeys",
        ),
        (("kafka.securityProtocol=SASL_SSL",), "name the Secret that holds it in kafka.sasl.existingSecret"),
        (
            (*SASL, "kafka.sasl.username=worker", "services.downstream.kafka.sasl.existingSecret=other"),
            "other is a login of its own, but would be used with the inherited kafka.sasl.username worker: set",
        ),
        (
            (*SASL, "defaults.kafka.sasl.username=all", "services.worker.kafka.sasl.existingSecret=other"),
            "would be used with the inherited kafka.sasl.username all",
        ),
        ((*SASL, "kafka.sasl.mechanism=OAUTHBEARER"), "needs kafka.sasl.oauth.tokenEndpointUrl"),
        (("kafka.tls.caSecret=a", "kafka.tls.caConfigMap=b"), "exclude each other"),
        (("console.enabled=true",), "needs console.settings.consoleUrl, oidcIssuer and oidcClientId"),
        (
            (*CONSOLE, "console.ingress.enabled=true"),
            "console.ingress.enabled needs console.settings.consoleProxies",
        ),
        (
            (*CONSOLE, "console.replicas=2"),
            "console.replicas is 2, but each would have an SQLite file of its own",
        ),
        (
            ("metrics.service=false", "metrics.serviceMonitor.enabled=true"),
            "set metrics.service to true",
        ),
    ],
)
def test_the_chart_refuses(sets: tuple[str, ...], says: str) -> None:
    with pytest.raises(Refused) as refused:
        render(BROKER, *sets)
    assert says in str(refused.value)


def test_a_sink_has_no_more_pods_than_partitions() -> None:
    with pytest.raises(Refused, match=r"sinks\.crm\.replicas is 9"):
        render("sinks.crm.replicas=9", values=[VALUES / "secured.yaml"])
