"""Who gives the commands of this process."""

from __future__ import annotations

import getpass
import socket

from lead_qualifier.settings import Settings


def author_of_commands(settings: Settings) -> str:
    """The setting LEAD_QUALIFIER_ISSUED_BY, else the user and the machine: `user@host`."""
    return settings.issued_by or _user_at_host()


def _user_at_host() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
