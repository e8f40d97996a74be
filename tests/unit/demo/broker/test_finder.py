"""Brokers that need packages of the extra `demo`, where it is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.finder import make_broker
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.services import extras

#: Imports the demo where none of the extra's packages is found.
DEMO_ALONE = """
import sys
sys.modules |= dict.fromkeys(("docker", "noida_db", "testcontainers"))
import lead_qualifier.demo.run
"""


def test_a_container_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "docker" else object())
    with pytest.raises(NotAvailable, match=r"not installed \(docker\): pip install 'lead-qualifier\[demo\]'"):
        make_broker(BrokerKind.CONTAINER, tmp_path, print)


def test_noida_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "noida_db", None)
    with pytest.raises(NotAvailable, match=r"not installed: pip install 'lead-qualifier\[demo\]'"):
        make_broker(BrokerKind.NOIDA, tmp_path, print)


def test_the_demo_with_a_broker_of_its_user_needs_none_of_them() -> None:
    done = subprocess.run([sys.executable, "-c", DEMO_ALONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
