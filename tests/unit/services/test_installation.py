"""Whom a consumer group serves already, and who is refused for that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lead_qualifier.engine import Input
from lead_qualifier.engine.faust.consumer_group import ConsumerGroup
from lead_qualifier.services.errors import OtherInstallation
from lead_qualifier.services.installation import refuse_other
from tests.unit.engine.doubles import application

OURS = replace(application(), inputs=(Input("b.in"), Input("b.more")), changelog="b.state")


def refused(group: ConsumerGroup) -> str:
    with pytest.raises(OtherInstallation) as told:
        refuse_other("workers", [OURS], group, topic_prefix="b.")
    return str(told.value)


def test_a_member_with_another_topic_prefix_is_named() -> None:
    reason = refused(ConsumerGroup({"10.0.0.7": frozenset({"a.in", "a.more", "a.models"})}, {}))
    assert "consumer group workers serves another installation" in reason
    assert "10.0.0.7 reads a.in, a.models, a.more (topic prefix 'a.')" in reason
    assert "this one would read b.in, b.more (topic prefix 'b.')" in reason
    assert "LEAD_QUALIFIER_APPLICATION_ID" in reason


def test_another_version_of_the_installation_is_welcome() -> None:
    group = ConsumerGroup({"10.0.0.7": frozenset({"b.in"}), "10.0.0.8": frozenset({"b.in", "b.more", "b.new"})}, {})
    refuse_other("workers", [OURS], group, topic_prefix="b.")


def test_a_rebalancing_group_is_not_judged() -> None:
    refuse_other("workers", [OURS], ConsumerGroup({"10.0.0.7": frozenset()}, {}), topic_prefix="b.")


def test_offsets_that_belong_to_state_elsewhere_are_not_ours() -> None:
    reason = refused(ConsumerGroup({}, {"b.in": "b.rebuilt.state"}))
    assert "keeps the state of b.in in b.rebuilt.state, this process would keep it in b.state" in reason
    assert "LEAD_QUALIFIER_STATE_PREFIX" in reason


def test_offsets_of_an_older_version_say_nothing_of_the_state() -> None:
    refuse_other(
        "workers", [OURS], ConsumerGroup({}, {"b.in": "", "b.more": "b.state", "c.in": "c.state"}), topic_prefix="b."
    )
