"""A Kafka that checks who speaks to it: TLS, SCRAM logins, and nothing allowed without an ACL."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.kafka.connection import SaslMechanism
from tests.support.broker_settings import PATIENT

MECHANISM: SaslMechanism = "SCRAM-SHA-512"
_TYPES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
    "Create": AclOperation.CREATE,
    "Delete": AclOperation.DELETE,
}


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself; `key.pem` and `both.pem`, key and certificate, lie beside it."""
    asked = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    asked += ["-subj", "/CN=kafka", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(asked, cwd=folder, check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return folder / "cert.pem"


class SecuredKafka:
    """`admin` may do everything, through a listener of its own; all others log in, over TLS."""

    def __init__(self, make_kafka: Callable[..., LocalKafka], folder: Path, certificate: Path) -> None:
        plain, controller, self._port = free_ports(3)
        self.certificate = certificate
        self.kafka = make_kafka(
            folder,
            ports=[plain, controller],
            properties={
                **PATIENT,
                "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}"
                f",LOGIN://127.0.0.1:{self._port}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},LOGIN://127.0.0.1:{self._port}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL",
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(certificate.parent / "both.pem"),
                "listener.name.login.sasl.enabled.mechanisms": MECHANISM,
                f"listener.name.login.{MECHANISM.lower()}.sasl.jaas.config": "org.apache.kafka.common.security.scram."
                "ScramLoginModule required;",
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "allow.everyone.if.no.acl.found": "false",
                # the broker itself, its controller, and the tests, at the listeners that ask for no login
                "super.users": "User:ANONYMOUS",
            },
        )
        self.bootstrap_servers = f"127.0.0.1:{self._port}"
        self.admin = AdminClient(self.kafka.connection.confluent())

    def add_users(self, passwords: Mapping[str, str]) -> None:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        users: list[Any] = [UserScramCredentialUpsertion(name, info, word.encode()) for name, word in passwords.items()]
        for done in self.admin.alter_user_scram_credentials(users).values():
            done.result(20)

    def environment(self, user: str, password: str) -> dict[str, str]:
        """Settings with which this user logs in."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": password,
            "KAFKA_SSL_CA_FILE": str(self.certificate),
        }

    def allow(self, bindings: Iterable[Mapping[str, str]]) -> None:
        """Create ACLs as `lead-qualifier acls print --json` prints them."""
        for done in self.admin.create_acls([_binding(one) for one in bindings]).values():
            done.result(20)

    def forbid(self, bindings: Iterable[Mapping[str, str]]) -> None:
        """Take ACLs away."""
        filters: list[Any] = [_filter(one) for one in bindings]
        for done in self.admin.delete_acls(filters).values():
            assert len(done.result(20)) == 1

    def allowed(self) -> set[tuple[str, ...]]:
        """Every ACL there is."""
        kind: Any = AclBindingFilter
        anything = kind(
            ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
        )
        return {
            (one.principal, one.operation.name, one.restype.name, one.resource_pattern_type.name, one.name)
            for one in self.admin.describe_acls(anything).result(20)
        }


def _binding(one: Mapping[str, str]) -> AclBinding:
    return AclBinding(*_parts(one))


def _filter(one: Mapping[str, str]) -> AclBindingFilter:
    return AclBindingFilter(*_parts(one))


def _parts(one: Mapping[str, str]) -> tuple[Any, ...]:
    return (
        _TYPES[one["resource_type"]],
        one["name"],
        ResourcePatternType.PREFIXED if one["pattern_type"] == "prefixed" else ResourcePatternType.LITERAL,
        one["principal"],
        one["host"],
        _OPERATIONS[one["operation"]],
        AclPermissionType.ALLOW,
    )
