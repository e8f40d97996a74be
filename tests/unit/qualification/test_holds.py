"""Criteria that must stay met for a while (hold): what begins the time, what ends it, what comes of it."""

from datetime import timedelta

from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.rules import Rules
from tests.unit.qualification.given import Desk, minute, model, rules

HOLDING, QUALIFIED, NOT_MET = Outcome.HOLDING, Outcome.QUALIFIED, Outcome.CRITERIA_NOT_MET
HOLD = timedelta(minutes=15)


def held(*, version: int = 1, live: bool = True, scoring_models: tuple[str, ...] = ("engagement",)) -> Rules:
    definition = model(criteria={"engagement": 70.0}, hold=HOLD)
    return rules(definition, version=version, live=live, scoring_models=scoring_models)


def test_a_lead_qualifies_once_its_criteria_were_met_for_the_time_and_names_what_began_it() -> None:
    desk = Desk(held())
    assert desk.score("engagement", 80, 0, "first") == {"enterprise": HOLDING}
    assert desk.score("engagement", 90, 5, "second") == {"enterprise": HOLDING}
    assert desk.wait(14.9) == {}
    assert desk.wait(15) == {"enterprise": QUALIFIED}
    (one,) = desk.qualifications
    assert (one.at, desk.lead.marks["enterprise"].trigger) == (minute(0), "first")
    assert one.criteria[0].score == 90
    assert (desk.wait(100), desk.lead.holds) == ({}, {})
    assert desk.score("engagement", 95, 101) == {"enterprise": Outcome.ALREADY_QUALIFIED}


def test_scores_that_fall_meanwhile_end_it_and_the_time_begins_anew() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    assert desk.score("engagement", 69, 10) == {"enterprise": NOT_MET}
    assert desk.score("engagement", 80, 11) == {"enterprise": HOLDING}
    assert (desk.wait(20), desk.wait(26)) == ({}, {"enterprise": QUALIFIED})


def test_a_stale_score_does_not_end_it() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 5)
    assert desk.score("engagement", 10, 1) == {"enterprise": Outcome.STALE_SCORE}
    assert desk.wait(20) == {"enterprise": QUALIFIED}


def test_a_fall_ends_it_also_while_the_lead_is_closed() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    desk.change(1, status="disqualified")
    assert desk.score("engagement", 10, 2) == {"enterprise": Outcome.LEAD_NOT_OPEN}
    desk.change(3, status="open")
    assert desk.wait(100) == {}


def test_what_stands_in_the_way_when_the_time_is_over_is_the_outcome() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    desk.change(1, status="disqualified")
    assert desk.wait(15) == {"enterprise": Outcome.LEAD_NOT_OPEN}
    assert desk.lead.holds == {}


def test_a_scoring_model_that_is_not_live_when_the_time_is_over_is_not_met() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    desk.rules = held(scoring_models=())
    assert desk.wait(15) == {"enterprise": NOT_MET}


def test_a_stopped_model_qualifies_nobody_who_waited_and_another_version_begins_anew() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    desk.rules = held(live=False)
    assert desk.wait(15) == {"enterprise": Outcome.MODEL_NOT_LIVE}
    desk.rules = held(version=2)
    assert desk.score("engagement", 80, 20) == {"enterprise": HOLDING}
    desk.rules = held(version=3)
    assert desk.score("engagement", 80, 30) == {"enterprise": HOLDING}
    assert desk.wait(35) == {}  # version 2's time
    assert desk.wait(45) == {"enterprise": QUALIFIED}
    desk.rules = rules()
    assert desk.qualifications[0].model.version == 3


def test_a_deleted_model_leaves_nothing_waiting() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    desk.rules = rules()
    assert desk.wait(15) == {"enterprise": None}
    assert (desk.lead.holds, desk.qualifications) == ({}, [])


def test_who_is_qualified_already_or_cooling_down_does_not_wait() -> None:
    definition = model(criteria={"engagement": 70.0}, hold=HOLD, policy="on_recross", cool_down=timedelta(minutes=60))
    desk = Desk(rules(definition))
    desk.score("engagement", 80, 0)
    desk.wait(15)
    assert desk.score("engagement", 80, 16) == {"enterprise": Outcome.ALREADY_QUALIFIED}
    desk.score("engagement", 10, 17)
    assert desk.score("engagement", 80, 18) == {"enterprise": Outcome.COOLING_DOWN}
    assert desk.score("engagement", 80, 60) == {"enterprise": HOLDING}
    assert desk.wait(75) == {"enterprise": QUALIFIED}
    assert [one.number for one in desk.qualifications] == [1, 2]


def test_a_flag_that_is_taken_back_by_hand_is_not_set_again_before_the_next_score() -> None:
    desk = Desk(held())
    desk.change(0, sales_ready=True)
    assert desk.score("engagement", 80, 1) == {"enterprise": HOLDING}
    desk.change(14, sales_ready=False)
    assert desk.wait(60) == {}
    assert desk.score("engagement", 80, 61) == {"enterprise": HOLDING}
    assert desk.wait(76) == {"enterprise": QUALIFIED}


def test_a_change_that_takes_no_flag_back_leaves_it_running() -> None:
    desk = Desk(held())
    desk.score("engagement", 80, 0)
    desk.change(5, owner_id="U-1", status_reason="contacted")
    assert desk.wait(15) == {"enterprise": QUALIFIED}
