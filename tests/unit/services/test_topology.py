"""The table of services: what it names exists, and what is wired follows it."""

from __future__ import annotations

import pytest

from lead_qualifier.downstream.lead_follower import LeadFollower
from lead_qualifier.engine import Application
from lead_qualifier.messages import topics
from lead_qualifier.services import downstream
from lead_qualifier.services.topology import (
    DOWNSTREAM,
    DOWNSTREAM_REPLAYABLE,
    WORKER,
    WORKER_REPLAYABLE,
    ServiceTopology,
)
from lead_qualifier.services.wiring import Wiring
from lead_qualifier.services.worker import run as worker_process
from lead_qualifier.settings import load_settings

SERVICES = {WORKER.name: WORKER, **DOWNSTREAM}


def applications(service: ServiceTopology) -> tuple[Application, ...]:
    build = worker_process.build if service is WORKER else downstream.build
    return build(Wiring(service, load_settings(topic_prefix="acme."), {})).applications


@pytest.mark.parametrize("name", SERVICES)
def test_each_state_is_wired_to_the_inputs_in_the_table(name: str) -> None:
    service = SERVICES[name]
    wired = {one.changelog: {read.topic for read in one.inputs} for one in applications(service)}
    told = {f"acme.{state.name}": {f"acme.{one.name}" for one in read} for state, read in service.changelogs.items()}
    assert wired == told
    assert {topic for read in service.changelogs.values() for topic in read} <= {*service.reads, *service.keeps}


@pytest.mark.parametrize("name", SERVICES)
def test_an_application_reads_what_its_processor_handles(name: str) -> None:
    for application in applications(SERVICES[name]):
        if isinstance(application.processor, LeadFollower):
            handled = [topic.full_name("acme.") for topic in application.processor.inputs]
            assert [one.topic for one in application.inputs] == handled


@pytest.mark.parametrize("name", SERVICES)
def test_causes_are_read_before_effects(name: str) -> None:
    for application in applications(SERVICES[name]):
        order = [one.topic for one in application.inputs_in_order]
        after = {one.topic: one.after for one in application.inputs}
        if "acme.lead-qualified" in after:
            assert after["acme.lead-qualified"] == ("acme.lead-changed", "acme.lead-merged")
        if "acme.lead-assigned" in after:
            assert after["acme.lead-assigned"] == ("acme.lead-qualified",)
        if "acme.qualification-commands" in after:
            assert after["acme.qualification-commands"] == ("acme.scoring-model-changed",)
        assert all(order.index(cause) < order.index(topic) for topic, causes in after.items() for cause in causes)


def test_each_topic_of_the_catalogues_belongs_to_a_service() -> None:
    assert set(WORKER.topics) == set(topics.QUALIFICATION_TOPICS)
    used = {topic for service in DOWNSTREAM.values() for topic in service.topics}
    assert used - set(WORKER.topics) == set(topics.DOWNSTREAM_TOPICS)


def test_a_topic_is_either_read_kept_or_written() -> None:
    for service in SERVICES.values():
        assert len(service.topics) == len(set(service.topics))
        assert all(topic.ours for topic in (*service.keeps, *service.writes))


def test_dead_letters_go_back_to_inputs_but_feature_commands() -> None:
    assert [topic.name for topic in WORKER_REPLAYABLE] == [
        "lead-score-changed",
        "lead-changed",
        "lead-merged",
        "lead-sales-response",
        "scoring-model-changed",
        "qualification-commands",
        "lead-handovers",
    ]
    assert {topic.name for topic in DOWNSTREAM_REPLAYABLE} == {
        "lead-changed",
        "lead-merged",
        "lead-qualified",
        "journey-commands",
        "seller-changed",
        "assignment-commands",
        "lead-assigned",
        "sequence-connections",
        "activity-completed",
        "sequence-commands",
        "lead-sales-response",
        "follow-up-commands",
        "assignment-queue",
        "lead-score-changed",
        "lead-recycled",
        "journey-entry-requested",
        "sequence-step-due",
        "sequence-changed",
        "lead-follow-up-overdue",
    }
