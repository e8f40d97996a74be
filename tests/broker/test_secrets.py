"""No secret is told by anybody, whatever goes wrong: worker and commands, in JSON and for people."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.cli.program import assemble
from lead_qualifier.demo.broker.local_broker import free_ports
from tests.support.command_line import environment
from tests.support.http_endpoint import Endpoint, Reply
from tests.support.program import run, start
from tests.support.secured_kafka import SecuredKafka
from tools.cli_reference import commands

pytestmark = pytest.mark.broker

PASSWORD = "Xq7-password"
CLIENT_SECRET = "Xq7-client-secret"
KEY_PASSWORD = "Xq7-key-password"
TOLD = [
    "Xq7-",
    b64encode(f"reader:{CLIENT_SECRET}".encode()).decode(),
    b64encode(f"\0reader\0{PASSWORD}".encode()).decode(),
    PASSWORD.encode().hex(),
]
SECRETS = {
    "KAFKA_SASL_PASSWORD": PASSWORD,
    "KAFKA_SASL_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
    "KAFKA_SSL_KEY_PASSWORD": KEY_PASSWORD,
}
FORMATS = ["json", "console"]
CALLS = [["worker"], ["model", "list"], ["topics", "check"], ["feed", "nothing.jsonl"]]


@pytest.fixture(scope="module")
def token_endpoint() -> Iterator[str]:
    """One that knows nobody."""
    with Endpoint(lambda _request: Reply(401)) as refusing:
        yield refusing.url


@pytest.fixture(scope="module")
def locked_key(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate's key, under another password than the one that is set."""
    locked = tmp_path_factory.mktemp("locked") / "locked.pem"
    asked = ["openssl", "pkcs8", "-topk8", "-in", str(certificate.parent / "key.pem"), "-out", str(locked)]
    subprocess.run([*asked, "-passout", "pass:another"], check=True, capture_output=True)
    return locked


def troubles(fenced: SecuredKafka, endpoint: str, key: Path) -> dict[str, tuple[dict[str, str], int, str]]:
    """What is set besides the secrets, the exit code, and what is said of it."""
    secured = fenced.environment("reader", PASSWORD)
    certificate = {"KAFKA_SSL_CERTIFICATE_FILE": str(fenced.certificate)}
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    oauth = {"KAFKA_SASL_OAUTH_TOKEN_ENDPOINT_URL": endpoint, "KAFKA_SASL_OAUTH_CLIENT_ID": "reader"}
    return {
        "wrong password": (secured, 3, "KAFKA_SASL_PASSWORD"),
        "unreachable": ({**secured, "KAFKA_BOOTSTRAP_SERVERS": nowhere}, 3, nowhere),
        "not TLS": ({**secured, "KAFKA_BOOTSTRAP_SERVERS": fenced.kafka.bootstrap_servers}, 3, "KAFKA_SECURITY"),
        "no token": ({**secured, **oauth, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}, 3, "token"),
        "locked key": ({**secured, **certificate, "KAFKA_SSL_KEY_FILE": str(key)}, 2, "KAFKA_SSL_"),
        "no such file": ({**secured, "KAFKA_SSL_CA_FILE": "nothing.pem"}, 2, "KAFKA_SSL_"),
        "half a login": ({**secured, "KAFKA_SASL_USERNAME": ""}, 2, "needs KAFKA_SASL_USERNAME"),
        "bad settings": ({**secured, "LEAD_QUALIFIER_PARTITIONS": "many"}, 2, "LEAD_QUALIFIER_PARTITIONS"),
        "misspelt": ({**secured, "LEAD_QUALIFIER_PASSWORD": "Xq7-misspelt"}, 3, "LEAD_QUALIFIER_PASSWORD"),
    }


def test_no_secret_shows_whatever_goes_wrong(
    fenced: SecuredKafka, token_endpoint: str, locked_key: Path, tmp_path: Path
) -> None:
    (tmp_path / "nothing.jsonl").write_text("")
    started = []
    for number, (name, (settings, code, said)) in enumerate(troubles(fenced, token_endpoint, locked_key).items()):
        for arguments in (["worker"], CALLS[1 + number % 3]):
            form = FORMATS[number % 2]
            more = {"LEAD_QUALIFIER_LOG_FORMAT": form, "LEAD_QUALIFIER_STARTUP_TIMEOUT": "4"}
            what = f"{name}: {arguments} in {form}"
            with (tmp_path / what).open("wb") as stream:
                process = start(
                    ["lead_qualifier", *arguments],
                    environment=environment({**SECRETS, **settings, **more}),
                    folder=tmp_path,
                    stdout=stream,
                    stderr=stream,
                )
            started.append((what, process, code, said))
    for what, process, code, said in started:
        ended = process.wait(90)
        output = (tmp_path / what).read_text()
        assert ended == code, (what, output)
        assert said in output, (what, output)
        assert "Traceback" not in output, (what, output)
        assert not [secret for secret in TOLD if secret in output], (what, output)


def test_no_help_shows_a_secret(tmp_path: Path) -> None:
    for path in [(), *(path for path, _ in commands(assemble()))][::6]:
        code, out, err = run(["lead_qualifier", *path, "--help"], environment=environment(SECRETS), folder=tmp_path)
        assert code == 0, err
        assert not [secret for secret in TOLD if secret.encode() in out + err]
