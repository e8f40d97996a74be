"""Runs the console for the demo: on a socket that the demo opened, behind a link that it has already shown."""

from __future__ import annotations

import socket
import sys

import structlog

from lead_qualifier.console.read_model.database import UnusableDatabase
from lead_qualifier.console.run import run_console
from lead_qualifier.services.logs import configure_logs
from lead_qualifier.settings import load_settings

log = structlog.get_logger(__name__)


def main(descriptor: str, key: str) -> None:
    """Run until SIGTERM or SIGINT. `descriptor`: of the inherited socket, which listens; `key`: of the link."""
    settings = load_settings()
    configure_logs(settings.log_format)
    try:
        run_console(
            settings,
            settings.connection(),
            show_link=lambda _link: None,
            listener=socket.socket(fileno=int(descriptor)),
            key=key,
        )
    except UnusableDatabase as error:
        log.critical("console_failed", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
