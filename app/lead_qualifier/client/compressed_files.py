"""Recognizes compressed files, which commands read only decompressed."""

from __future__ import annotations

#: How compressed files begin, and what shows what is in them.
_DECOMPRESS = {
    b"\x1f\x8b": "gunzip -c",
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"BZh": "bunzip2 -c",
    b"\xfd7zXZ\0": "xz -dc",
    b"PK\x03\x04": "unzip -p",
}


def compression_fault(beginning: bytes, command: str) -> str | None:
    """What to say, after its name, of a compressed file that begins so; None for any other. `command`: what reads it
    from standard input.
    """
    how = next((how for start, how in _DECOMPRESS.items() if beginning.startswith(start)), None)
    if how is None:
        return None
    return f"is compressed: decompress it first, as in {how} FILE | lead-qualifier {command} -"
