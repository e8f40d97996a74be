"""What a file to feed is written in."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import cramjam
import pytest

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.feed import _opened
from lead_qualifier.client.score_feed import _key
from lead_qualifier.messages.decode import decode_lead_score_changed
from lead_qualifier.messages.errors import BadMessage

LINES = '{"lead_id": "L-1"}\n{"lead_id": "Ü"}\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "scores.jsonl"
    file.write_text(LINES, encoding=encoding)
    with _opened(file) as (lines, _):
        assert b"".join(lines).decode() == LINES


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_is_refused_as_a_whole(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "scores.jsonl"
    file.write_text(LINES, encoding=encoding)
    with pytest.raises(Refused, match=r"scores.jsonl is in UTF-(16|32): save it as UTF-8"), _opened(file):
        pass


@pytest.mark.parametrize(
    ("compressed", "unpack"),
    [
        (gzip.compress(b"{}"), "gunzip -c"),
        (bz2.compress(b"{}"), "bunzip2 -c"),
        (lzma.compress(b"{}"), "xz -dc"),
        (bytes(cramjam.zstd.compress(b"{}")), "zstd -dc"),
    ],
    ids=["gzip", "bzip2", "xz", "zstd"],
)
def test_a_compressed_file_is_refused_with_what_reads_it(tmp_path: Path, compressed: bytes, unpack: str) -> None:
    file = tmp_path / "scores.jsonl.gz"
    file.write_bytes(compressed)
    with pytest.raises(Refused, match=unpack), _opened(file):
        pass


@pytest.mark.parametrize(
    "line",
    [
        '{"lead_id": "Müller"}'.encode("latin-1"),
        b'{"lead_id": "L", "x": ' + b"[" * 9_000 + b"]" * 9_000 + b"}",
        b'{"lead_id": "\\ud800"}',
        b"[1]",
    ],
)
def test_a_line_whose_lead_cannot_be_read_has_no_key(line: bytes) -> None:
    assert _key(line) == b""
    with pytest.raises(BadMessage):
        decode_lead_score_changed(_key(line), line)
