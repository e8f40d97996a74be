"""The console beside the demo: its link is there before it runs, and a browser that opens it meanwhile waits."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from typing import Self

from lead_qualifier.demo.processes import ChildProcess, DemoProcesses
from lead_qualifier.services.extras import console_needs
from lead_qualifier.settings import Settings, variable_of

_HOST = "127.0.0.1"


class DemoConsole:
    """Listens from the beginning; the process that answers comes with the broker. Without its packages it does nothing.

    `line` says where it is, or why there is none. As a context manager it closes.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the console's port, or a free one if that is taken."""
        self._settings = settings
        self._listener: socket.socket | None = None
        self._key = secrets.token_urlsafe(32)
        self._process: ChildProcess | None = None
        if (needs := console_needs()) is not None:
            self.line = f"Console: none, because {needs}"
        else:
            self._listener = _listen(settings.console_port)
            self.line = f"Console: http://{_HOST}:{self._listener.getsockname()[1]}/enter?key={self._key}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.close()

    def begin(self, processes: DemoProcesses, environment: Mapping[str, str], *, broker: str) -> None:
        """Start the process. `broker`: the kind, whose folder keeps the database, as it keeps the broker's data."""
        if self._listener is None:
            return
        database = (self._settings.data_dir / broker / "console.sqlite3").absolute()
        given = self._settings.database_url
        url = f"sqlite:///{database}" if given is None else given.get_secret_value()
        self._process = processes.begin_console(
            self._listener,
            self._key,
            {
                **environment,
                variable_of("database_url"): url,
                variable_of("console_host"): _HOST,
                variable_of("web_port"): "0",
            },
        )

    @property
    def notice(self) -> str:
        """What is wrong with it, if anything is."""
        if self._process is None or self._process.exit_code is None:
            return ""
        return self._process.how_it_ended()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError:
        return socket.create_server((_HOST, 0))
