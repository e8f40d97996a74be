"""The services as they are wired, beside what the catalogue says of them."""

from __future__ import annotations

import pytest

from lead_qualifier.messages.downstream_topics import SERVICES
from lead_qualifier.services.downstream import BUILDS
from lead_qualifier.services.downstream_service import Wiring
from lead_qualifier.settings import load_settings


@pytest.mark.parametrize("name", SERVICES)
def test_the_catalogue_names_the_inputs_of_each_state_as_they_are_wired(name: str) -> None:
    service = BUILDS[name](Wiring(name, load_settings(topic_prefix=""), {}))
    wired = {one.changelog: {read.topic for read in one.inputs} for one in service.applications}
    told = {state.name: {topic.name for topic in inputs} for state, inputs in SERVICES[name].changelogs.items()}
    assert wired == told
    read = {topic.name for topic in (*SERVICES[name].reads, *SERVICES[name].keeps)}
    assert set().union(*told.values()) <= read


@pytest.mark.parametrize("name", SERVICES)
def test_causes_are_read_before_effects(name: str) -> None:
    for application in BUILDS[name](Wiring(name, load_settings(topic_prefix=""), {})).applications:
        order = [one.topic for one in application.inputs_in_order]
        after = {one.topic: one.after for one in application.inputs}
        if "lead-qualified" in after:
            assert after["lead-qualified"] == ("lead-changed", "lead-merged")
        if "lead-assigned" in after:
            assert after["lead-assigned"] == ("lead-qualified",)
        assert all(order.index(cause) < order.index(topic) for topic, causes in after.items() for cause in causes)
