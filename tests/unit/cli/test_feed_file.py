"""What a file to feed is written in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from app.cli.exit_codes import Refused
from app.cli.feed import _opened

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


def test_a_compressed_file_is_refused_with_what_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "scores.jsonl.gz"
    file.write_bytes(gzip.compress(LINES.encode()))
    with pytest.raises(Refused, match="gunzip -c"), _opened(file):
        pass
