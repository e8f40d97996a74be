"""The documentation is complete and true: no outcome, metric or topic is left out, and what it points to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.engine import DeadLetterClass
from lead_qualifier.follow_up.deciding import FollowUpOutcome
from lead_qualifier.journeys.deciding import JourneyOutcome
from lead_qualifier.messages.errors import BadMessageClass
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.sequences.outcomes import SequenceOutcome
from tools.topics_table import document

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_METRIC = re.compile(r'"(lead_qualifier_[a-z_]+)"')
_TEST_FILE = re.compile(r"`((?:broker|chaos|contract|property|unit)/[\w/]*(?:\.py)?)`")


def section(page: str, title: str) -> str:
    text = (DOCS / "reference" / page).read_text()
    return re.split(r"^## ", text.split(f"\n## {title}\n", 1)[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Qualification", list(Outcome)),
        ("Assignment", [result.word for result in AssignmentResult]),
        ("Journeys", list(JourneyOutcome)),
        ("Sequences", list(SequenceOutcome)),
        ("Follow-up", list(FollowUpOutcome)),
    ],
)
def test_every_outcome_is_explained_in_its_order(title: str, words: list[str]) -> None:
    rows = [line for line in section("outcomes.md", title).splitlines() if line.startswith("|")]
    listed = [word for row in rows[2:] for word in re.findall(r"`([a-z_]+)`", row.strip("|").rsplit("|", 1)[0])]
    assert [word for word in listed if word in set(words)] == [str(word) for word in words]


def test_every_metric_is_explained() -> None:
    page = (DOCS / "reference" / "metrics.md").read_text()
    named = {name for file in (ROOT / "app").rglob("*.py") for name in _METRIC.findall(file.read_text())}
    assert len(named) > 20
    assert {name for name in named if not re.search(rf"`{name.removesuffix('_total')}(_total)?[`{{]", page)} == set()


def test_every_class_of_dead_letters_and_outcome_is_named_with_its_metric() -> None:
    page = (DOCS / "reference" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", page.split("### Dead letters")[1].split("\n## ")[0], re.MULTILINE)
    assert set(rows) == {*map(str, DeadLetterClass), *map(str, BadMessageClass)}
    (row,) = (line for line in page.splitlines() if line.startswith("| `lead_qualifier_outcomes_total{"))
    assert re.findall(r"`(\w+)`", row) == [str(outcome) for outcome in Outcome]


def test_the_page_of_topics_is_what_the_catalogues_say() -> None:
    assert (DOCS / "reference" / "topics.md").read_text() == document(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    assert [name for name in _TEST_FILE.findall(page.read_text()) if not (ROOT / "tests" / name).exists()] == []


def test_every_file_named_in_documents_exists() -> None:
    told = re.findall(r"`((?:app|bench|schemas|tests)/[\w/.-]+\.\w+)`", (ROOT / "CONTRIBUTING.md").read_text())
    told += [
        f"app/lead_qualifier/{name}" for name in re.findall(r"`(\w+/[\w/]+\.py)`", (DOCS / "glossary.md").read_text())
    ]
    assert len(told) > 30
    assert [
        name for name in told if "surveys" not in name and not (ROOT / name).exists()
    ] == []  # surveys: to be written


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_link_of_a_file_beside_the_site_leads_somewhere(file: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / file).read_text())
    assert [target for target in targets if not (ROOT / target).exists()] == []
