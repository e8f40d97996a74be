"""Sends requests: bounded in time and size, TLS verified, no redirects, no cookies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from yarl import URL

from lead_qualifier import __version__
from lead_qualifier.http.errors import NoAnswer

LONGEST_BODY = 64 * 1024
"""How many bytes of an answer are read; the rest is ignored."""
_USER_AGENT = f"lead-qualifier/{__version__}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    """By their names in lower case."""
    body: bytes = b""
    """Truncated if it was longer than LONGEST_BODY."""
    complete: bool = True
    """Whether the body was read to its end."""


class HttpClient:
    """For one event loop, until it is closed; after that, another loop may use it."""

    def __init__(self, *, timeout: float, ca_file: Path | None = None, connections: int = 8) -> None:
        """`timeout`: seconds for a request and its answer together. `ca_file`: certificate authorities to trust instead
        of the system's, PEM. Raises OSError or ssl.SSLError if it cannot be read.
        """
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One request. `url` is used as it is, already encoded. Raises NoAnswer."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,  # a few bytes may expand to gigabytes
                headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
            )
        response: aiohttp.ClientResponse | None = None
        reason = ""
        content, complete = b"", False
        # NoAnswer is raised outside of the except clauses: aiohttp's errors show the headers of the request, and with
        # them secrets, in their repr and so in a traceback.
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._session.request(
                    method, URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
                )
                content, complete = await _content(response)
        except TimeoutError:
            reason = f"no answer within {self._timeout:g} s"
        except aiohttp.ClientError as error:
            reason = _reason(error)
        except (OSError, ValueError) as error:
            reason = f"the connection failed ({type(error).__name__})"
            response = None
        finally:
            if response is not None:
                # Back to the pool if it was read to its end, else closed: an endless answer is not awaited.
                response.close() if not response.content.at_eof() else response.release()
        if response is None:
            raise NoAnswer(reason)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, names, content, complete)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
            await asyncio.sleep(0)  # a TLS connection is closed only in the loop's next iteration


async def _content(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    content = bytearray()
    while len(content) < LONGEST_BODY:
        part = await response.content.read(LONGEST_BODY - len(content))
        if not part:
            return bytes(content), True
        content += part
    return bytes(content), response.content.at_eof()


def _reason(error: aiohttp.ClientError) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted or names another host: set ca_file to the authority that issued it"
        case aiohttp.ClientSSLError():
            return "no TLS connection could be made"
        case aiohttp.ClientConnectorDNSError():
            return "its host name cannot be resolved"
        case aiohttp.ClientConnectorError():
            return f"it cannot be reached ({error.strerror or type(error.os_error).__name__})"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "the connection was closed before an answer came"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
        case _:
            return f"the request failed ({type(error).__name__})"
