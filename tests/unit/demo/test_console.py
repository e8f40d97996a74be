"""The demo's console before there is a process for it, and without the packages for one."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from lead_qualifier.demo.console import DemoConsole
from lead_qualifier.services import extras
from lead_qualifier.settings import Settings


def address(console: DemoConsole) -> tuple[str | None, int | None]:
    link = urlsplit(console.line.removeprefix("Console: "))
    return link.hostname, link.port


def test_whoever_opens_its_link_early_is_kept_waiting() -> None:
    with DemoConsole(Settings(console_port=0)) as console:
        socket.create_connection(address(console), timeout=1).close()


def test_where_its_port_is_taken_it_takes_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with DemoConsole(Settings(console_port=port)) as console:
            assert address(console)[1] not in {None, port}


def test_without_its_packages_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "fastapi" else object())
    with DemoConsole(Settings()) as console:
        assert console.line == (
            "Console: none, because the console needs packages that are not installed (fastapi): "
            "pip install 'lead-qualifier[console]'"
        )
        assert console.notice == ""
