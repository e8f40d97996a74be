"""Which names of hosts are this machine's alone."""

from __future__ import annotations

from ipaddress import ip_address


class NotLoopback(Exception):
    """The console was told to listen where others can reach it; the message says what to do."""


def check_loopback(host: str) -> None:
    """Raises NotLoopback for an address that other machines may reach."""
    if not is_loopback(host):
        raise NotLoopback(
            f"LEAD_QUALIFIER_CONSOLE_HOST: should be a loopback address such as 127.0.0.1 (it is {host!r}), because "
            "this version knows people by a link only and not by OpenID Connect. To use the console from another "
            "machine, forward its port: ssh -L 6070:127.0.0.1:6070 HOST"
        )


def name_in(host: str) -> str:
    """The host's name without the port; empty if it is malformed."""
    if host.startswith("["):
        name, closed, port = host[1:].partition("]")
        return name if closed and (not port or port.startswith(":")) else ""
    return host.partition(":")[0].lower()


def is_loopback(name: str) -> bool:
    """Whether this is an address of this machine that no other reaches, or the one name of it."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
