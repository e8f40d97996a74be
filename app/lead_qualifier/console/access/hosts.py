"""By which names the console is called, and which origins are its own."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Hosts:
    """`url`: the one address that people use, such as `https://leads.example.com`; None: any name of this machine."""

    url: str | None = None

    def know(self, host: str) -> bool:
        """Whether a Host header is meant for the console. Otherwise a page elsewhere could read by DNS rebinding."""
        if self.url is None:
            return is_loopback(name_in(host))
        return f"{urlsplit(self.url).scheme}://{host.lower()}".removesuffix(_default_port(self.url)) == self.url

    def origin(self, host: str) -> str:
        """The origin of the console's own pages."""
        return self.url or f"http://{host}"


def origin_of(url: str) -> str:
    """The scheme, the host and the port of an address, without a port that is the scheme's own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}".removesuffix(_default_port(url))


def name_in(host: str) -> str:
    """The host's name without the port; empty if it is malformed."""
    if host.startswith("["):
        name, closed, port = host[1:].partition("]")
        return name if closed and (not port or port.startswith(":")) else ""
    return host.partition(":")[0].lower()


def in_url(host: str) -> str:
    """A host's name or address, as it is written in a URL."""
    return f"[{host}]" if ":" in host else host


def is_loopback(name: str) -> bool:
    """Whether this is an address of this machine that no other reaches, or the one name of it."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _default_port(url: str) -> str:
    return ":443" if url.startswith("https:") else ":80"
