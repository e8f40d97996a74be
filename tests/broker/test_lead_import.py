"""The first load: an export of a CRM is imported, a model is published, and exactly the right leads qualify."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support import crm_export
from tests.support.command_line import CommandLine
from tests.support.messages import encode, score
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

MODEL = """\
id: ready
match: all
criteria:
  - {scoring_model: activity, threshold: 14}
  - {scoring_model: profile, threshold: 16}
actions: {status_reason: marketing_qualified, sales_ready: true}
"""
EXPORT = ("import", "leads.csv", "--map", "map.yaml")


@pytest.fixture(scope="module")
def cli(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path_factory.mktemp("import"))
    line.run("topics", "create").fine()
    (line.folder / "map.yaml").write_text(crm_export.MAP)
    (line.folder / "ready.yaml").write_text(MODEL)
    yield line
    line.close()


def qualifies(row: dict[str, object]) -> bool:
    activity, profile = row["Activity Score"], row["Profile Score"]
    scored = isinstance(activity, int) and isinstance(profile, int) and activity >= 14 and profile >= 16
    return scored and not row["Converted"]


def sent(cli: CommandLine, topic: str) -> list[dict[str, object]]:
    reader = TopicReader(cli.environment["KAFKA_BOOTSTRAP_SERVERS"], cli.prefix, [topic])
    found = reader.read()
    reader.close()
    return [json.loads(record.value or b"") for record in found]


def qualified(cli: CommandLine, count: int) -> list[str]:
    """The leads that qualified, once there are that many."""
    deadline = time.monotonic() + 90
    while len(found := sent(cli, "lead-qualified")) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} qualified"
        time.sleep(0.5)
    return sorted(str(one["lead_id"]) for one in found)


def test_nothing_is_sent_while_a_row_is_bad(cli: CommandLine) -> None:
    crm_export.write(cli.folder / "leads.csv")
    with (cli.folder / "leads.csv").open("a", encoding="utf-8") as file:
        file.write("x,L-bad,API,,maybe,0,,0,,,,,,,,high,1,\n")
    refused = cli.run(*EXPORT)
    assert refused.code == 1
    assert "Do Not Email must be yes or no, found 'maybe'" in refused.out
    assert "Activity Score must be a number, found 'high'" in refused.out
    assert "nothing was sent" in refused.err
    assert sent(cli, "lead-changed") == sent(cli, "lead-score-changed") == []


def test_an_export_is_imported_and_its_leads_qualify_once(cli: CommandLine) -> None:
    rows = crm_export.write(cli.folder / "leads.csv")
    scores = sum(row[name] != "" for row in rows for name in ("Activity Score", "Profile Score"))
    done = cli.run(*EXPORT, "--json").fine().json()
    assert done == {"rows": 9_240, "leads": 9_240, "scores": scores, "refused": 0, "bad_rows": 0, "problems": []}
    assert len({str(one["event_id"]) for one in sent(cli, "lead-changed")}) == 9_240
    assert len(sent(cli, "lead-score-changed")) == scores

    cli.start_worker().wait_ready()
    cli.run("feature", "enable", "lead-management").fine()
    for name in ("activity", "profile"):
        cli.run("scoring-model", "set", name, "--status", "live").fine()
    cli.run("model", "apply", "ready.yaml", "--publish").fine()
    expected = sorted(str(row["Lead Number"]) for row in rows if qualifies(row))
    assert 100 < len(expected) < 1_000
    assert qualified(cli, len(expected)) == expected
    report = cli.run("model", "report", "ready", "--json").fine().json()
    assert (report["leads"], report["total"]["qualified"], report["total"]["waiting"]) == (len(expected),) * 3

    # Importing once more changes nothing: what is read after it qualifies, and nothing else.
    assert cli.run(*EXPORT).fine().out == f"9,240 rows imported: 9,240 leads, {scores:,} scores sent\n"
    later = [f"later-{number}" for number in range(8)]
    lines = [
        score(lead_id, name, 20, minutes) for lead_id in later for minutes, name in enumerate(("activity", "profile"))
    ]
    cli.run("feed", "-", stdin=b"".join(encode(line) + b"\n" for line in lines)).fine()
    assert qualified(cli, len(expected) + len(later)) == sorted([*expected, *later])
