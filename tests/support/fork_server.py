"""Starts programs without waiting for their imports: `python -m tests.support.fork_server FD`.

A process with everything of the product imported, and nothing running, copies itself for each program that it is asked
to start. The copy runs the module as `python -m` would, with arguments, environment, working directory and standard
streams of its own. `tests/support/program.py` asks, over the socket that FD is. When it goes away, all copies end.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any, NoReturn

import lead_qualifier

#: A request's length, before its JSON; the file descriptors come with it.
LENGTH = struct.Struct(">I")
#: Standard input, output and error, and where the server writes how the copy ended.
DESCRIPTORS = 4
#: Seconds after which a killed member counts as gone, in programs that join a group; None: as the product has it.
SESSION_SECONDS = "TEST_SESSION_SECONDS"


@dataclass
class Request:
    """A program to start."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str


def serve(connection: socket.socket) -> Request | None:
    """Start copies until the other end is gone. Returns in each copy what it is to run, and None in the server."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == woken:
                    os.read(woken, 1024)
                    _report_ended(running)
                    continue
                asked = _receive(connection)
                if asked is None:
                    for pid in running:
                        os.kill(pid, signal.SIGKILL)
                    return None
                request, descriptors = asked
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for end in (woken, wake, connection.detach(), descriptors[-1], *running.values()):
                        os.close(end)
                    _become(request, descriptors[:-1])
                    return request
                for end in descriptors[:-1]:
                    os.close(end)
                running[pid] = descriptors[-1]
                connection.sendall(LENGTH.pack(pid))


def _report_ended(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        told = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(told)


def _receive(connection: socket.socket) -> tuple[Request, list[int]] | None:
    first, descriptors, _, _ = socket.recv_fds(connection, LENGTH.size, DESCRIPTORS)
    if not first:
        return None
    (length,) = LENGTH.unpack(first)
    content = b""
    while len(content) < length:
        content += connection.recv(length - len(content))
    return Request(**json.loads(content)), list(descriptors)


def _become(request: Request, streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    sys.stdout = _text(1, line_buffering=False)
    sys.stderr = _text(2, line_buffering=True, errors="backslashreplace")
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()


def _text(number: int, **options: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), **options)


def import_everything() -> None:
    """Import every module of the product, as none does anything when it is imported."""
    for found in pkgutil.walk_packages(lead_qualifier.__path__, "lead_qualifier."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def shorten_waits(session: float) -> None:
    """Have members of consumer groups count as gone after so many seconds of silence, what they left open end soon, and
    commands wait no longer for either.
    """
    from lead_qualifier.engine import transaction
    from lead_qualifier.engine.faust.app import create_app
    from lead_qualifier.maintenance.service_groups import check_nothing_runs

    shorter: list[tuple[Any, str, float]] = [
        (create_app, "session_timeout", session),
        (check_nothing_runs, "patience", session + 1),
    ]
    for function, argument, value in shorter:
        assert argument in function.__kwdefaults__, f"{function} has no {argument} any more"
        function.__kwdefaults__[argument] = value
    # A transaction of a busy test may well take a second or two.
    transaction.TRANSACTION_TIMEOUT_MS = min(transaction.TRANSACTION_TIMEOUT_MS, int(1000 * (session + 3)))


def end(code: int) -> NoReturn:
    """End as Python does, but without taking apart what it holds: that touches, and so copies, all of this memory."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads first, as Python does; has no stub
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
    except OSError:
        sys.exit(code)  # Python has its own way to say so
    os._exit(code)


def main() -> None:
    """Serve, and in a copy run what was asked for."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, who then go away
    import_everything()
    gc.collect()
    gc.freeze()  # else the first collection of each copy would touch, and so copy, all of this memory
    request = serve(connection)
    if request is not None:
        signal.signal(signal.SIGINT, interrupt)
        seconds = request.environment.get(SESSION_SECONDS)
        if seconds:
            shorten_waits(float(seconds))
        sys.argv = [request.module, *request.arguments]
        code: object = 0
        try:
            runpy.run_module(request.module, run_name="__main__", alter_sys=True)
        except SystemExit as asked:
            code = asked.code or 0
        if isinstance(code, int):
            end(code)
        sys.exit(str(code))


if __name__ == "__main__":
    main()
