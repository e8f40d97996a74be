"""Who uses a broker, told by locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.demo.broker.usage import Usage


def test_several_programs_use_a_broker_at_once_and_none_is_alone(tmp_path: Path) -> None:
    one, other = Usage(tmp_path), Usage(tmp_path)
    one.join(timeout=1)
    other.join(timeout=1)
    one.leave()
    with Usage(tmp_path).alone() as alone:
        assert not alone


def test_when_the_last_one_left_it_can_be_had_alone(tmp_path: Path) -> None:
    one = Usage(tmp_path)
    one.join(timeout=1)
    one.leave()
    with Usage(tmp_path).alone() as alone:
        assert alone


def test_nobody_joins_while_one_has_it_alone(tmp_path: Path) -> None:
    stopping, joining = Usage(tmp_path), Usage(tmp_path)
    with stopping.alone(), pytest.raises(TimeoutError, match="has been stopping"):
        joining.join(timeout=0.2)
    joining.join(timeout=0.2)
    joining.leave()


def test_others_are_those_who_use_it_not_one_who_has_it_alone(tmp_path: Path) -> None:
    me, other = Usage(tmp_path), Usage(tmp_path)
    assert not me.others()
    other.join(timeout=1)
    assert me.others()
    other.leave()
    with other.alone():
        assert not me.others()


def test_leaving_twice_is_leaving_once(tmp_path: Path) -> None:
    usage = Usage(tmp_path)
    usage.join(timeout=1)
    usage.leave()
    usage.leave()
