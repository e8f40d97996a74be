"""What a response of sales does to a lead: recycled, barred, cooling down, and what it leaves alone."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of, problems_of
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.leads import Lead, LeadChange, Mark, apply_change
from lead_qualifier.qualification.merging import united
from lead_qualifier.qualification.models import (
    InvalidModel,
    OnRejection,
    QualificationModel,
    Recycling,
    Requalification,
)
from lead_qualifier.qualification.recycling import Answered, accept, reject
from lead_qualifier.qualification.rules import Rules
from tests.support.problems import in_english
from tests.unit.qualification.given import Desk, minute, model, rules

FOR_GOOD = OnRejection(Recycling(requalify=False))
LATER = OnRejection(Recycling(cool_down=timedelta(minutes=10)), {"wrong_person": Recycling(requalify=False)})


def ruled(on_rejection: OnRejection | None = None, name: str = "enterprise") -> QualificationModel:
    return msgspec.structs.replace(model(name, criteria={"engagement": 70.0}), on_rejection=on_rejection)


def qualified(current: Rules) -> Desk:
    desk = Desk(current)
    assert set(desk.score("engagement", 80, 1).values()) & {Outcome.QUALIFIED}
    return desk


def again(desk: Desk, at: float) -> Outcome:
    return desk.score("engagement", 90, at)["enterprise"]


def test_a_rejected_lead_qualifies_again_with_its_next_score() -> None:
    desk = qualified(rules(ruled()))
    assert reject(desk.lead, minute(5), desk.rules)[0] is Answered.RECYCLED
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("new", False)
    assert again(desk, 6) is Outcome.QUALIFIED
    assert [one.number for one in desk.qualifications] == [1, 2]


def test_what_is_taken_back_is_told_with_the_mark_that_it_goes_back_to() -> None:
    desk = qualified(rules(ruled(LATER)))
    _, recycled = reject(desk.lead, minute(5), desk.rules, reason="no_budget")
    assert recycled is not None
    assert recycled.changes == {"status_reason": ("marketing_qualified", "new"), "sales_ready": (True, False)}
    assert (recycled.model_id, recycled.mark.number, recycled.mark.not_before) == ("enterprise", 1, minute(15))
    assert recycled.at == minute(5)


@pytest.mark.parametrize("on_rejection", [None, FOR_GOOD, OnRejection(Recycling(requalify=True))])
def test_a_model_that_never_requalifies_takes_nothing_back(on_rejection: OnRejection | None) -> None:
    once = msgspec.structs.replace(ruled(on_rejection), requalification=Requalification("never"))
    desk = qualified(rules(once))
    assert reject(desk.lead, minute(5), desk.rules) == (Answered.BARRED, None)
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("marketing_qualified", True)
    assert again(desk, 6) is Outcome.ALREADY_QUALIFIED


@pytest.mark.parametrize(
    "change",
    [{"status": "disqualified"}, {"status_reason": "contacted", "sales_ready": False}, {"status": "qualified"}],
)
def test_what_the_crm_closed_or_changed_since_is_not_taken_back(change: dict[str, Any]) -> None:
    desk = qualified(rules(ruled()))
    desk.change(4, **change)
    before = desk.lead.status_reason, desk.lead.sales_ready
    assert reject(desk.lead, minute(5), desk.rules) == (Answered.RECYCLED, None)
    assert (desk.lead.status_reason, desk.lead.sales_ready) == before


def test_of_two_models_that_one_event_qualified_the_first_is_named_once() -> None:
    desk = qualified(rules(ruled(), msgspec.structs.replace(ruled(name="a"), actions=Actions(False, True))))
    _, recycled = reject(desk.lead, minute(5), desk.rules)
    assert recycled is not None
    assert recycled.model_id == "a"
    assert set(recycled.changes) == {"status_reason", "sales_ready"}


@pytest.mark.parametrize("policy", ["never", "when_reset"])
def test_of_two_models_that_one_event_qualified_only_the_flags_of_the_one_that_may_again_are_taken_back(
    policy: Any,
) -> None:
    other = msgspec.structs.replace(ruled(LATER), actions=Actions(True, False))
    once = msgspec.structs.replace(
        ruled(FOR_GOOD, "a"), actions=Actions(False, True), requalification=Requalification(policy)
    )
    desk = qualified(rules(other, once))
    answered, recycled = reject(desk.lead, minute(5), desk.rules)
    assert answered is Answered.RECYCLED
    assert recycled is not None
    assert recycled.changes == {"status_reason": ("marketing_qualified", "new")}
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("new", True)
    assert desk.score("engagement", 90, 15) == {"a": Outcome.ALREADY_QUALIFIED, "enterprise": Outcome.QUALIFIED}


def test_of_two_events_with_one_time_the_first_is_the_one_that_set_a_flag_of_both() -> None:
    again_later = msgspec.structs.replace(ruled(LATER), criteria=(Criterion("engagement", 70.0),))
    once = msgspec.structs.replace(
        ruled(FOR_GOOD, "once"), criteria=(Criterion("intent", 70.0),), actions=Actions(False, True)
    )
    desk = Desk(rules(again_later, once))
    assert desk.score("intent", 80, 1, "first") == {"once": Outcome.QUALIFIED}
    assert desk.score("engagement", 80, 1, "second") == {"enterprise": Outcome.QUALIFIED}
    _, recycled = reject(desk.lead, minute(5), desk.rules)
    assert recycled is not None
    assert recycled.changes == {"status_reason": ("marketing_qualified", "new")}
    assert desk.lead.sales_ready is True


@pytest.mark.parametrize(("at", "outcome"), [(14.9, Outcome.COOLING_DOWN), (15, Outcome.QUALIFIED)])
def test_the_cool_down_counts_from_the_rejection(at: float, outcome: Outcome) -> None:
    desk = qualified(rules(ruled(LATER)))
    reject(desk.lead, minute(5), desk.rules, reason="no_budget")
    assert again(desk, at) is outcome


def test_a_reason_may_have_rules_of_its_own() -> None:
    desk = qualified(rules(ruled(LATER)))
    assert reject(desk.lead, minute(5), desk.rules, reason="wrong_person")[0] is Answered.BARRED
    assert again(desk, 600) is Outcome.ALREADY_QUALIFIED


@pytest.mark.parametrize(("reset_at", "outcome"), [(4, Outcome.ALREADY_QUALIFIED), (6, Outcome.QUALIFIED)])
@pytest.mark.parametrize("reset_first", [True, False])
def test_only_a_later_reset_lifts_a_rejection_for_good(reset_at: float, outcome: Outcome, reset_first: bool) -> None:
    desk = qualified(rules(ruled(FOR_GOOD)))
    reset = LeadChange(occurred_at=minute(reset_at), status_reason="contacted", sales_ready=False)
    if reset_first and reset_at < 5:
        apply_change(desk.lead, reset)
        reject(desk.lead, minute(5), desk.rules)
    else:
        reject(desk.lead, minute(5), desk.rules)
        apply_change(desk.lead, reset)
    assert again(desk, 7) is outcome


@pytest.mark.parametrize("answer_at", [0.5, 1])
def test_a_response_not_later_than_the_qualification_is_stale(answer_at: float) -> None:
    desk = qualified(rules(ruled()))
    before = msgspec.json.encode(desk.lead)
    assert reject(desk.lead, minute(answer_at), desk.rules)[0] is Answered.STALE
    assert accept(desk.lead, minute(answer_at)) is Answered.STALE
    assert msgspec.json.encode(desk.lead) == before


def test_a_repeated_response_changes_nothing_even_once_the_lead_qualified_again() -> None:
    desk = qualified(rules(ruled()))
    reject(desk.lead, minute(5), desk.rules)
    for _ in range(2):
        before = msgspec.json.encode(desk.lead)
        assert reject(desk.lead, minute(5), desk.rules)[0] is Answered.STALE
        assert msgspec.json.encode(desk.lead) == before
        again(desk, 6)


def test_an_accepted_lead_keeps_its_mark() -> None:
    desk = qualified(rules(ruled()))
    before = msgspec.json.encode(desk.lead)
    assert accept(desk.lead, minute(5)) is Answered.ACCEPTED
    assert msgspec.json.encode(desk.lead) == before
    assert again(desk, 6) is Outcome.ALREADY_QUALIFIED


def test_a_lead_without_a_mark_is_unknown() -> None:
    current = rules(ruled())
    assert reject(Lead(), minute(5), current)[0] is Answered.UNKNOWN
    assert accept(Lead(), minute(5)) is Answered.UNKNOWN
    assert reject(qualified(current).lead, minute(5), current, model_id="other")[0] is Answered.UNKNOWN


def test_only_the_named_model_is_recycled() -> None:
    desk = qualified(rules(ruled(), ruled(name="other")))
    desk.lead.marks["other"] = Mark(1, 1, minute(1), "e")
    reject(desk.lead, minute(5), desk.rules, model_id="enterprise")
    assert (desk.lead.marks["enterprise"].cleared, desk.lead.marks["other"].cleared) == (True, False)


def test_an_older_change_that_comes_late_does_not_set_the_flags_again() -> None:
    desk = qualified(rules(ruled()))
    reject(desk.lead, minute(5), desk.rules)
    late = LeadChange(occurred_at=minute(2), status_reason="marketing_qualified", sales_ready=True, owner_id="S")
    apply_change(desk.lead, late)
    assert (desk.lead.status_reason, desk.lead.sales_ready, desk.lead.owner_id) == ("new", False, "S")


def test_what_the_crm_said_later_than_the_rejection_stays() -> None:
    desk = qualified(rules(ruled()))
    apply_change(desk.lead, LeadChange(occurred_at=minute(9), status_reason="contacted", sales_ready=True))
    reject(desk.lead, minute(5), desk.rules)
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("contacted", True)


def test_a_cool_down_beyond_all_dates_lasts_for_ever() -> None:
    desk = qualified(rules(ruled(OnRejection(Recycling(cool_down=timedelta(days=99999999))))))
    reject(desk.lead, minute(5), desk.rules)
    assert again(desk, 10**6) is Outcome.COOLING_DOWN


def test_the_mark_of_a_merged_lead_blocks_if_either_was_rejected_for_good() -> None:
    free = Mark(1, 2, minute(9), "b", cleared=True, rejected=minute(10), not_before=minute(30))
    barred = Mark(1, 1, minute(1), "a", rejected=minute(5), barred=True)
    for mark in (united(free, barred), united(barred, free)):
        assert (mark.barred, mark.rejected, mark.not_before) == (True, minute(5), minute(30))


def definition(**more: object) -> dict[str, object]:
    return {**definition_of(model(criteria={"engagement": 70.0})), **more}


def test_a_file_says_what_a_rejection_leads_to() -> None:
    written = {"requalify": True, "cool_down": "90d", "reasons": {"wrong_person": {"requalify": False}}}
    read = model_of(definition(on_rejection=written))
    assert read.on_rejection == OnRejection(
        Recycling(cool_down=timedelta(days=90)), {"wrong_person": Recycling(requalify=False)}
    )
    assert definition_of(read)["on_rejection"] == written
    assert msgspec.json.decode(msgspec.json.encode(read), type=QualificationModel) == read


@pytest.mark.parametrize(
    ("written", "where", "says"),
    [
        ({"requalify": "no"}, ("on_rejection", "requalify"), "true or false"),
        ({"cool_down": "soon"}, ("on_rejection", "cool_down"), "as in 30d"),
        ({"cooldown": "30d"}, ("on_rejection", "cooldown"), "did you mean cool_down?"),
        ({"requalify": False, "cool_down": "30d"}, ("on_rejection", "cool_down"), "has no effect"),
        (
            {"reasons": {"lost": {"requalify": False, "cool_down": "1d"}}},
            ("on_rejection", "reasons", "lost", "cool_down"),
            "has no effect",
        ),
    ],
)
def test_a_mistake_in_a_file_is_refused_by_name(written: object, where: tuple[str, ...], says: str) -> None:
    [(path, message)] = in_english(problems_of(definition(on_rejection=written)))
    assert path == where
    assert says in message


def test_a_cool_down_beside_never_is_refused() -> None:
    with pytest.raises(InvalidModel, match="cool_down_without_requalification"):
        msgspec.structs.replace(model(policy="never"), on_rejection=LATER)
