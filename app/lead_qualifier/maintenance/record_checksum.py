"""Count and checksum of records, whatever their order: two sets of topics hold the same if both are equal."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from typing_extensions import override

_BYTES = 16


@dataclass(slots=True)
class RecordChecksum:
    """Of the records added so far. It is the sum of their hashes, so that no two of them cancel each other out."""

    count: int = 0
    _sum: int = 0

    def add(self, key: bytes | None, value: bytes | None) -> None:
        """Add a record; an absent key or value differs from an empty one."""
        record = b"%s|%s|" % (_length(key), _length(value)) + (key or b"") + (value or b"")
        self._sum += int.from_bytes(blake2b(record, digest_size=_BYTES).digest())
        self.count += 1

    @property
    def hex(self) -> str:
        """Equal for equal records, in 32 hexadecimal digits."""
        return f"{self._sum % (1 << 8 * _BYTES):0{2 * _BYTES}x}"

    @override
    def __str__(self) -> str:
        return f"{self.count:,} (checksum {self.hex[:12]})"


def _length(content: bytes | None) -> bytes:
    return b"-" if content is None else b"%d" % len(content)
