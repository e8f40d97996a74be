"""Structured logs: one JSON object a line, or coloured lines for people on a terminal."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, TextIO

import msgspec
import structlog
from typing_extensions import override

from lead_qualifier.engine.repeated_errors import Repeats
from lead_qualifier.settings import LogFormat
from lead_qualifier.wording.printable import printable

#: While a broker is away, these log the same few lines ten times a second.
_CLIENTS = ("aiokafka", "librdkafka")


class _RateLimit(logging.Filter):
    """Passes each kind of line from a Kafka client at first, then at most once a minute with a count (`times`)."""

    def __init__(self) -> None:
        super().__init__()
        self._repeats = Repeats()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        client = record.name.partition(".")[0]
        if client not in _CLIENTS or record.exc_info:
            return True
        # librdkafka's first argument is the kind of the line; the client and the broker come after it
        kind = record.args[0] if client == "librdkafka" and isinstance(record.args, tuple) and record.args else None
        times = self._repeats.times((record.name, record.levelno, record.msg, kind))
        if times > 1:
            record.times = times
        return times > 0


def configure_logs(log_format: LogFormat, *, level: int = logging.INFO) -> None:
    """Send all logs, including those of libraries, to standard error. `auto`: console on a terminal, JSON elsewhere."""
    global _as_json  # noqa: PLW0603  a process has one standard error
    as_json = log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not sys.stderr.isatty())
    _as_json = as_json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        structlog.configure(
            processors=[
                *shared,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_encode),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )
        renderer: Any = structlog.processors.JSONRenderer()
    else:
        # structlog's own traceback prints local variables: passwords and personal data.
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_show_exception)
        structlog.configure(
            processors=[*shared, _make_printable, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    # libraries log through the standard library: same format, warnings and worse
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info if as_json else _make_printable,
                renderer,
            ],
        )
    )
    handler.addFilter(_RateLimit())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def logs_json() -> bool:
    """Is each line on standard error a JSON object?"""
    return _as_json


_as_json = False


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The last line of a failing process is a log line, too."""
    structlog.get_logger(__name__).critical("failed", reason=str(error), exc_info=(kind, error, trace), exit_code=1)


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        exc_info = (args.exc_type, args.exc_value, args.exc_traceback)
        name = None if args.thread is None else args.thread.name
        structlog.get_logger(__name__).error("thread_failed", thread=name, exc_info=exc_info)


def _make_printable(_logger: Any, _name: str, event: Any) -> Any:
    """For the console: logged values may come from topics and brokers."""
    shown = {}
    for field, value in event.items():
        if field == "exc_info" or isinstance(value, bool | int | float | None):
            shown[printable(field)] = value
        elif isinstance(value, str):
            shown[printable(field)] = printable(value)
        else:
            text = repr(value)
            shown[printable(field)] = value if text.isprintable() else printable(text)
    return shown


def _show_exception(out: TextIO, exc_info: Any) -> None:
    """An indented traceback, so that no message in it can pass for a log line."""
    text = "".join(traceback.format_exception(*exc_info)).rstrip("\n")
    out.write("".join(f"\n  {printable(line)}" for line in text.split("\n")))


def _encode(event: Any, **_: Any) -> bytes:
    try:
        return msgspec.json.encode(event, enc_hook=repr)
    except (UnicodeEncodeError, RecursionError):  # such as a file name that is not UTF-8: logged escaped
        shown = {}
        for field, value in event.items():
            kept = value is None or isinstance(value, bool | int | float)
            shown[printable(field)] = value if kept else printable(value if isinstance(value, str) else repr(value))
        return msgspec.json.encode(shown)
