"""A pod of the chart, as it is rendered, does its work on a real Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.broker.conftest import Install
from tests.support.helm import container, environment, pods, render
from tests.support.messages import apply, command, feature, model, score, scoring_model
from tests.support.program import run, without_settings
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker


def test_a_rendered_pod_starts_is_ready_by_its_probes_and_qualifies(install: Install, tmp_path: Path) -> None:
    here = install(partitions=4)
    values = tmp_path / "values.yaml"
    values.write_text(
        yaml.safe_dump(
            {
                "kafka": {"bootstrapServers": here.bootstrap},
                "settings": {"topicPrefix": here.prefix, "applicationId": here.application_id, "partitions": 4},
                "web": {"host": "127.0.0.1"},
            }
        )
    )
    objects = render(values=[values])
    job, worker = pods(objects)["topics"], pods(objects)["worker"]
    created = ("lead_qualifier", *container(job)["args"])
    code, _, said = run(created, environment={**without_settings(), **environment(job, {})}, folder=tmp_path)
    assert code == 0, said
    process = WorkerProcess(
        {**environment(worker, {}), "LEAD_QUALIFIER_WEB_PORT": "0"},
        tmp_path / "log",
        ("lead_qualifier", *container(worker)["args"]),
    )
    here.workers.append(process)
    process.wait_ready()
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert process.get(container(worker)[kind]["httpGet"]["path"])[0] == 200
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    here.scores(score("L-1", "engagement", 60, 0))
    here.settle_and_check()
    assert [event["lead_id"] for event in here.qualified()] == ["L-1"]
    grace = worker["spec"]["terminationGracePeriodSeconds"]
    assert process.terminate(grace)[0] == 0
