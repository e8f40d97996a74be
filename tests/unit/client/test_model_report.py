"""What became of qualified leads, on small histories: one rule each."""

from __future__ import annotations

from lead_qualifier.client.model_history import CriterionStood, HeldLead, ModelHistory, Standing
from lead_qualifier.client.model_report import Durations, model_report
from lead_qualifier.client.qualification_fates import Step

SECOND = 1_000_000
OPEN = HeldLead(Standing.OPEN, number=9)


def qualified(
    history: ModelHistory, lead: bytes, at: int, *, number: int = 1, score: float = 80, known: int = 100
) -> None:
    stood = [CriterionStood("engagement", 70, 80)]
    history.qualified(lead, 1, number, stood, occurred=at * SECOND, written=at * SECOND, known_until=known)


def test_an_answer_counts_for_the_newest_qualification_before_it() -> None:
    history = ModelHistory()
    qualified(history, b"A", 10)
    qualified(history, b"A", 50, number=2)
    history.holds(b"A", OPEN)
    history.answered(b"A", 10 * SECOND, accepted=True)  # not later than the qualification: of another one, long ago
    history.answered(b"A", 60 * SECOND, accepted=False, reason="budget")
    history.answered(b"A", 20 * SECOND, accepted=False)
    history.answered(b"A", 30 * SECOND, accepted=True)
    total = model_report(history).total
    assert (total.qualified, total.accepted, total.rejected) == (2, 1, {"budget": 1})
    assert model_report(history, since=50 * SECOND).total.qualified == 1


def test_the_crms_status_counts_for_the_newest_qualification_and_the_one_before_was_not_answered() -> None:
    history = ModelHistory()
    qualified(history, b"A", 10)
    qualified(history, b"A", 50, number=2)
    history.holds(b"A", HeldLead(Standing.CONVERTED, changed=90 * SECOND, number=2))
    report = model_report(history)
    assert (report.leads, report.total.converted, report.total.closed, report.total.requalified) == (1, 1, 1, 1)
    assert report.durations == {Step.QUALIFIED_TO_CONVERTED: Durations(1, 40, 40)}


def test_an_owner_that_a_lead_had_before_counts_without_a_time() -> None:
    history = ModelHistory()
    qualified(history, b"A", 10)
    history.holds(b"A", OPEN)
    history.decided(b"A", 5 * SECOND, "assigned")
    report = model_report(history)
    assert (report.total.assigned, report.durations) == (1, {})
    history.decided(b"A", 20 * SECOND, "no_capacity")
    history.decided(b"A", 30 * SECOND, "assigned")
    assert model_report(history).durations == {Step.QUALIFIED_TO_ASSIGNED: Durations(1, 20, 20)}


def test_what_is_told_of_a_merged_lead_and_of_its_survivor_is_about_one() -> None:
    history = ModelHistory()
    qualified(history, b"loser", 10)
    history.holds(b"loser", HeldLead(Standing.LOST, number=1, merged_into=b"between"))
    history.holds(b"between", HeldLead(Standing.LOST, merged_into=b"survivor"))
    history.holds(b"survivor", HeldLead(Standing.CONVERTED, changed=90 * SECOND))
    history.answered(b"survivor", 20 * SECOND, accepted=True)
    report = model_report(history)
    assert (report.leads, report.total.accepted, report.total.converted, report.total.lost) == (1, 1, 1, 0)


def test_leads_that_were_merged_in_a_circle_are_one() -> None:
    history = ModelHistory()
    for lead, into in [(b"A", b"B"), (b"B", b"C"), (b"C", b"B")]:
        qualified(history, lead, 10)
        history.holds(lead, HeldLead(Standing.OPEN, number=1, merged_into=into))
    report = model_report(history)
    assert (report.leads, report.total.qualified, report.total.waiting, report.total.requalified) == (1, 3, 1, 2)


def test_erased_leads_are_counted_and_nothing_else_about_them() -> None:
    history = ModelHistory()
    qualified(history, b"gone", 10)
    qualified(history, b"afresh", 10)  # erased since: its mark is gone
    qualified(history, b"known", 10, known=7)  # the record at offset 7 erased it
    qualified(history, b"known", 50, known=8)
    history.holds(b"afresh", HeldLead(Standing.CONVERTED, number=0))
    history.holds(b"known", HeldLead(Standing.OPEN, number=1, erased_at=7))
    for lead in (b"gone", b"afresh", b"known"):
        history.decided(lead, 20 * SECOND, "assigned")
        history.answered(lead, 30 * SECOND, accepted=True)
    report = model_report(history)
    assert (report.leads, report.total.qualified, report.total.erased) == (3, 4, 3)
    assert (report.total.waiting, report.total.assigned, report.total.accepted, report.total.converted) == (1, 0, 0, 0)


def test_grades_stay_with_their_qualifications_where_a_model_asks_for_them_in_several_groups() -> None:
    history = ModelHistory()
    for lead, at, grade in ((b"A", 10, "A"), (b"B", 20, "B"), (b"C", 30, "C")):
        stood = [CriterionStood("fit", None, None, grade)] * 2
        history.qualified(lead, 1, 1, stood, occurred=at * SECOND, written=at * SECOND)
        history.holds(lead, OPEN)
    history.answered(b"C", 40 * SECOND, accepted=True)
    grades = model_report(history).scores[0].grades
    assert {grade: (counts.qualified, counts.accepted) for grade, counts in grades.items()} == {
        "A": (1, 0),
        "B": (1, 0),
        "C": (1, 1),
    }


def test_whether_sales_answered_is_unknown_where_its_answers_may_have_been_deleted() -> None:
    history = ModelHistory()
    qualified(history, b"A", 10)
    qualified(history, b"B", 50)
    history.holds(b"A", OPEN)
    history.holds(b"B", OPEN)
    total = model_report(history, answers_from=40 * SECOND).total
    assert (total.unknown, total.waiting) == (1, 1)


def test_a_step_that_ends_before_it_begins_has_no_time() -> None:
    history = ModelHistory()
    qualified(history, b"A", 50)
    history.holds(b"A", HeldLead(Standing.CONVERTED, changed=40 * SECOND, number=1))
    assert model_report(history).durations == {}


def test_nine_in_ten_took_at_most_the_time_that_is_said() -> None:
    history = ModelHistory()
    for number in range(10):
        lead = b"L-%d" % number
        qualified(history, lead, 0)
        history.holds(lead, OPEN)
        history.decided(lead, (number + 1) * SECOND, "assigned")
    assert model_report(history).durations[Step.QUALIFIED_TO_ASSIGNED] == Durations(10, 5, 9)


def test_without_any_qualification_there_is_nothing_to_report() -> None:
    report = model_report(ModelHistory())
    assert (report.leads, report.total.qualified, report.versions, report.scores) == (0, 0, (), ())
