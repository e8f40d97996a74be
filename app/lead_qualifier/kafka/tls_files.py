"""TLS files that are replaced while clients run: new connections use their current content."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog
from confluent_kafka import KafkaException
from typing_extensions import override

log = structlog.get_logger(__name__)

#: Replaced files that were not usable are tried again after this time (seconds), which doubles up to the longest.
_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 5.0, 60.0
_FILES = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location")

T = TypeVar("T")


class TlsFiles:
    """Notices that files were replaced: written, renamed over, or reached by another link."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self._known = self._look()
        self._pause = _RETRY_SECONDS
        self._retry_at: float | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The files in a configuration of librdkafka, whose clients read them only once, when they are made."""
        return cls(Path(config[name]) for name in _FILES if name in config)

    def changed(self) -> bool:
        """Whether they were replaced since the last call, or since the start. A missing file counts as unchanged.

        True again some time after `failed`.
        """
        if not self._paths:
            return False
        found = self._look()
        changed = any(now is not None and now != then for now, then in zip(found, self._known, strict=True))
        self._known = tuple(now or then for now, then in zip(found, self._known, strict=True))
        if changed:
            self._pause = _RETRY_SECONDS
        elif self._retry_at is None or time.monotonic() < self._retry_at:
            return False
        self._retry_at = None
        return True

    def remade(self, make: Callable[[], T]) -> T | None:
        """What `make` makes of replaced files. None if they were not replaced, or if `make` raises KafkaException or
        OSError (an ssl.SSLError is one): that is logged, and tried again later.
        """
        if not self.changed():
            return None
        try:
            return make()
        except (KafkaException, OSError) as error:
            self.failed("tls_files_not_usable", error)
            return None

    def failed(self, event: str, error: Exception) -> None:
        """The new files are not usable: log it as this event, and try them again later."""
        reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        log.warning(event, error=reason, retry_seconds=self._pause)
        self._retry_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_RETRY_SECONDS)

    def _look(self) -> tuple[tuple[int, ...] | None, ...]:
        return tuple(_mark(path) for path in self._paths)


def _mark(path: Path) -> tuple[int, ...] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        rights = found.st_mode, found.st_uid, found.st_gid  # a file that has only now become readable is new, too
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, *rights
    return None


class ReloadingContext(ssl.SSLContext):
    """Gives each new connection of asyncio a context made of the current files."""

    _make: Callable[[], ssl.SSLContext]
    _files: TlsFiles
    _current: ssl.SSLContext

    @classmethod
    def of(cls, make: Callable[[], ssl.SSLContext], paths: Iterable[Path]) -> Self:
        """`make` reads the files. Raises what it raises; if later files are not usable, the last context stays."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context._files = TlsFiles(paths)
        context._make = make
        context._current = make()
        context.check_hostname = context._current.check_hostname  # for code that inspects the context
        return context

    @override
    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """As SSLContext's; asyncio calls it for each connection."""
        if (remade := self._files.remade(self._make)) is not None:
            self._current = remade
            log.info("tls_files_reloaded")
        return self._current.wrap_bio(*args, **kwargs)
