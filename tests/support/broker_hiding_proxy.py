"""A proxy before a broker that can say in the broker's name that there is no broker, as one does that starts."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

_METADATA = 3
#: The version from which on its arrays and strings are compact (KIP-482). librdkafka asks for a later one.
_COMPACT = 9


class BrokerHidingProxy:
    """Listens on a port of the loopback, and passes on what comes to the broker's. Ends with the `with`."""

    def __init__(self, port: int, broker_port: int) -> None:
        """`port` is what the broker advertises."""
        self._broker_port = broker_port
        self._hiding = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()  # of clients
        self._server = socket.create_server(("127.0.0.1", port))

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for one in self._open:
                with suppress(OSError):  # the client was quicker
                    one.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def hiding(self) -> Iterator[None]:
        """Within the block, answers to questions for metadata name no broker."""
        self._hiding.set()
        try:
            yield
        finally:
            self._hiding.clear()

    def connections(self) -> int:
        """How many connections clients have."""
        with self._lock:
            return len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._broker_port)) as broker:
            with self._lock:
                self._open.add(client)
            asked: set[bytes] = set()
            answering = threading.Thread(target=self._answer, args=(broker, client, asked), daemon=True)
            answering.start()
            with suppress(EOFError, OSError):
                while True:
                    request = _frame(client)
                    key, version = struct.unpack_from(">hh", request)
                    if key == _METADATA and version >= _COMPACT:
                        asked.add(request[4:8])  # the correlation id
                    _send(broker, request)
            with suppress(OSError):
                broker.shutdown(socket.SHUT_RDWR)
            answering.join()
            with self._lock:
                self._open.discard(client)

    def _answer(self, broker: socket.socket, client: socket.socket, asked: set[bytes]) -> None:
        with suppress(EOFError, OSError):
            while True:
                response = _frame(broker)
                if response[:4] in asked:
                    asked.remove(response[:4])
                    if self._hiding.is_set():
                        response = _without_brokers(response)
                _send(client, response)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _frame(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", _read(connection, 4))
    return _read(connection, length)


def _read(connection: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        part = connection.recv(length - len(found))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


def _send(connection: socket.socket, frame: bytes) -> None:
    connection.sendall(struct.pack(">i", len(frame)) + frame)


def _without_brokers(response: bytes) -> bytes:
    brokers = at = 4 + 1 + 4  # behind correlation id, no tagged fields, throttle time
    count, at = response[at] - 1, at + 1  # lengths count one more; those here fit into a byte
    for _ in range(count):
        at += 4  # node id
        at += response[at] + 4  # host, port
        at += max(1, response[at])  # rack
        at += 1  # no tagged fields
    return response[:brokers] + b"\x01" + response[at:]
