"""The outcome of a decision: each word, and that the first which applies wins over every later one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations

import pytest

from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.leads import Lead, Mark, Qualification, Score
from lead_qualifier.qualification.rules import Rules, UnknownLeads
from lead_qualifier.services.worker.lead_processor import LeadProcessor, encode_lead
from tests.support.lead_application import lead_application
from tests.support.messages import encode
from tests.unit.qualification.given import minute, model, rules


@dataclass
class Situation:
    """A known, open lead that meets the criteria of a live model, which never qualified it."""

    stale: bool = False
    lead_management: bool = True
    live: bool = True
    unknown_leads: UnknownLeads = "open"
    lead: Lead = field(
        default_factory=lambda: Lead(
            known=True,
            attributes={"country": "DE"},
            scores={"engagement": Score(83.0, minute(1)), "demographic": Score(64.0, minute(1))},
        )
    )

    def decide(self) -> Outcome | Qualification:
        current = rules(
            model(cool_down=timedelta(minutes=30), audience={"attribute": "country", "equals": "DE"}),
            lead_management=self.lead_management,
            live=self.live,
            unknown_leads=self.unknown_leads,
        )
        if self.stale:
            return _of_a_late_score(self.lead, current)
        return decide(self.lead, current.models["enterprise"], current, minute(20))


def _of_a_late_score(lead: Lead, current: Rules) -> Outcome:
    """What a worker counts for a score that is older than the one held."""
    processor = LeadProcessor(topic_prefix="", source="/x", rules=lambda: current)
    processor.begin()
    score = {"event_id": "late", "lead_id": "L", "scoring_model_id": "engagement", "score": 99}
    value = encode(score | {"occurred_at": minute(0).isoformat()})
    context = ProcessorContext(
        lead_application(processor),
        0,
        {b"L": encode_lead(lead)},
    )
    processor.process(Record("lead-score-changed", 0, 0, 0, b"L", value, ()), context)
    assert not context.changes()
    ((_, _, outcome),) = context.counts
    return Outcome(outcome)


def stale(now: Situation) -> None:
    now.stale = True


def switched_off(now: Situation) -> None:
    now.lead_management = False


def not_live(now: Situation) -> None:
    now.live = False


def unknown(now: Situation) -> None:
    now.unknown_leads = "ineligible"
    now.lead.known = False


def closed(now: Situation) -> None:
    now.lead.status = "disqualified"


def elsewhere(now: Situation) -> None:
    now.lead.attributes["country"] = "FR"


def too_low(now: Situation) -> None:
    now.lead.scores["engagement"] = Score(69.0, minute(1))


def nothing_to_change(now: Situation) -> None:
    now.lead.status_reason = "marketing_qualified"
    now.lead.sales_ready = True


def qualified_ten_minutes_ago_and_reset(now: Situation) -> None:
    now.lead.marks["enterprise"] = Mark(1, 1, minute(10), "e", cleared=True)


CAUSES: list[tuple[Outcome, Callable[[Situation], None]]] = [
    (Outcome.STALE_SCORE, stale),
    (Outcome.LEAD_MANAGEMENT_OFF, switched_off),
    (Outcome.MODEL_NOT_LIVE, not_live),
    (Outcome.UNKNOWN_LEAD_INELIGIBLE, unknown),
    (Outcome.LEAD_NOT_OPEN, closed),
    (Outcome.NOT_IN_AUDIENCE, elsewhere),
    (Outcome.CRITERIA_NOT_MET, too_low),
    (Outcome.ALREADY_QUALIFIED, nothing_to_change),
    (Outcome.COOLING_DOWN, qualified_ten_minutes_ago_and_reset),
]


def test_nothing_in_the_way_qualifies() -> None:
    assert isinstance(Situation().decide(), Qualification)


@pytest.mark.parametrize(("outcome", "cause"), CAUSES, ids=[outcome for outcome, _ in CAUSES])
def test_each_cause_alone_has_its_word(outcome: Outcome, cause: Callable[[Situation], None]) -> None:
    now = Situation()
    cause(now)
    assert now.decide() is outcome


@pytest.mark.parametrize(
    ("first", "second"), list(combinations(CAUSES, 2)), ids=lambda pair: pair[0] if isinstance(pair, tuple) else None
)
def test_the_earlier_word_wins_over_the_later(
    first: tuple[Outcome, Callable[[Situation], None]], second: tuple[Outcome, Callable[[Situation], None]]
) -> None:
    now = Situation()
    second[1](now)
    first[1](now)
    assert now.decide() is first[0]


def test_all_causes_at_once_are_told_by_the_first_and_so_on_down() -> None:
    for index, (outcome, _) in enumerate(CAUSES):
        now = Situation()
        for _, cause in CAUSES[index:]:
            cause(now)
        assert now.decide() is outcome


def test_the_words_are_those_of_the_domain_in_its_order() -> None:
    assert list(Outcome) == [
        "stale_score",
        "lead_management_off",
        "model_not_live",
        "unknown_lead_ineligible",
        "lead_not_open",
        "not_in_audience",
        "criteria_not_met",
        "already_qualified",
        "cooling_down",
        "holding",
        "qualified",
    ]


@pytest.mark.parametrize(
    ("status", "status_reason", "open_enough"),
    [
        ("open", "new", True),
        ("open", "contacted", True),
        ("open", "lost", True),
        ("open", "qualified", False),
        ("qualified", "qualified", False),
        ("qualified", "new", False),
        ("disqualified", "lost", False),
        ("disqualified", "new", False),
        ("canceled", "new", False),
        ("Open", "new", False),
    ],
)
def test_only_an_open_lead_of_a_reason_other_than_qualified_is_qualified(
    status: str, status_reason: str, open_enough: bool
) -> None:
    now = Situation()
    now.lead.status, now.lead.status_reason = status, status_reason
    decision = now.decide()
    assert isinstance(decision, Qualification) if open_enough else decision is Outcome.LEAD_NOT_OPEN
