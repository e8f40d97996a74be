"""Requests to one endpoint: bounded in time and size, TLS verified, no redirects, no cookies, never to another host."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from lead_qualifier import __version__
from lead_qualifier.sinks.answers import Answer, NoAnswer

_T = TypeVar("_T")

LONGEST_BODY = 64 * 1024
"""Bytes of an answer that are read; what comes after is left."""
_USER_AGENT = f"lead-qualifier/{__version__}"


class HttpClient:
    """Any thread may send; the connections live on an event loop in a thread of their own."""

    def __init__(self, *, timeout: float, ca_file: Path | None = None, connections: int = 8) -> None:
        """`timeout`: seconds for a request and its answer together. `ca_file`: authorities to trust instead of the
        system's, PEM. Raises OSError or ssl.SSLError where that cannot be read.
        """
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One request. `url` is taken as it is, already encoded. Raises NoAnswer."""
        return self.run(self._send(method, url, headers, body))

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Have something done on the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            self.run(self._session.close())
            # a TLS connection is gone only after a turn of the loop
            self.run(asyncio.sleep(0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,  # a few bytes may be gigabytes
                headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
            )
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._session.request(
                    method, URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
                )
                content, complete = await _content(response)
        except TimeoutError:
            if response is None:
                raise NoAnswer(f"no answer within {self._timeout:g} s") from None
            content, complete = b"", False
        except aiohttp.ClientError as error:
            if response is None:
                raise NoAnswer(_why(error)) from None
            content, complete = b"", False
        except (OSError, ValueError) as error:
            raise NoAnswer(f"the connection failed ({type(error).__name__})") from None
        finally:
            if response is not None:
                # back to the pool if it was read to its end, else closed: an answer without end is not waited for
                response.close() if not response.content.at_eof() else response.release()
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, names, content, complete)


async def _content(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    content = bytearray()
    while len(content) < LONGEST_BODY:
        part = await response.content.read(LONGEST_BODY - len(content))
        if not part:
            return bytes(content), True
        content += part
    return bytes(content), response.content.at_eof()


def _why(error: aiohttp.ClientError) -> str:
    """For a person, without what the error says of the request: its headers are secrets."""
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
            return "what it answered is not HTTP"
        case _:
            return f"the request failed ({type(error).__name__})"
