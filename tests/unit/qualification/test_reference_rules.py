"""The rules of the reference (Dynamics 365, Die besten Leads qualifizieren), in their order."""

import pytest

from lead_qualifier.qualification.decide import Outcome
from tests.support.model_admin import ModelAdmin
from tests.unit.qualification.given import Desk, model, rules

HIGH = {"engagement": 83.0, "demographic": 64.0}
QUALIFIES = {"enterprise": Outcome.QUALIFIED}


# 1. Lead management is a feature switch


def test_while_lead_management_is_off_nothing_qualifies_but_scores_and_changes_are_recorded() -> None:
    desk = Desk(rules(model(), lead_management=False))
    assert desk.scores(1, **HIGH) == {"enterprise": Outcome.LEAD_MANAGEMENT_OFF}
    assert desk.change(1, owner_id="U-4")
    assert {name: score.value for name, score in desk.lead.scores.items()} == HIGH
    assert desk.lead.owner_id == "U-4"


def test_turned_on_again_it_starts_from_the_truth_at_the_next_event() -> None:
    desk = Desk(rules(model(), lead_management=False))
    desk.score("engagement", 83, at=1)
    desk.rules = rules(model())
    assert not desk.qualifications
    assert desk.score("demographic", 64, at=2) == QUALIFIES


def test_while_lead_management_is_off_no_model_can_be_published() -> None:
    admin = ModelAdmin(live=["engagement", "demographic"])
    admin.apply(model())
    assert admin.publish("enterprise").code == "lead_management_off"
    admin.enable()
    assert admin.publish("enterprise").accepted


# 2. Only live scoring models


@pytest.mark.parametrize("status", ["draft", "stopped", None])
def test_criteria_on_a_scoring_model_that_is_not_live_cannot_be_published(status: str | None) -> None:
    admin = ModelAdmin(live=["engagement"], enabled=True)
    if status is not None:
        admin.scoring("demographic", status)
    admin.apply(model())
    refused = admin.publish("enterprise")
    assert refused.code == "scoring_model_not_live"
    assert "scoring model demographic is" in refused.message
    assert "lead-qualifier scoring-model set demographic --status live" in refused.message
    admin.scoring("demographic", "live")
    assert admin.publish("enterprise").accepted


# 3. The current score reaches the threshold; no score: not met


def test_the_current_score_decides_not_a_former_one() -> None:
    desk = Desk(rules(model()))
    desk.score("engagement", 90, at=1)
    desk.score("engagement", 69, at=2)
    assert desk.score("demographic", 64, at=3) == {"enterprise": Outcome.CRITERIA_NOT_MET}
    assert desk.score("engagement", 70, at=4) == QUALIFIES


def test_a_scoring_model_without_score_is_not_met() -> None:
    desk = Desk(rules(model(criteria={"engagement": -100, "demographic": -100})))
    assert desk.score("engagement", 0, at=1) == {"enterprise": Outcome.CRITERIA_NOT_MET}


# 4. All, or at least one


def test_all_criteria_or_at_least_one_of_them() -> None:
    desk = Desk(rules(model("both", match="all"), model("either", match="any")))
    assert desk.score("engagement", 83, at=1) == {"both": Outcome.CRITERIA_NOT_MET, "either": Outcome.QUALIFIED}


# 5. What a qualified lead gets


@pytest.mark.parametrize(
    ("actions", "status_reason", "sales_ready", "changes"),
    [
        (["status_reason"], "marketing_qualified", False, {"status_reason": ("new", "marketing_qualified")}),
        (["sales_ready"], "new", True, {"sales_ready": (False, True)}),
        (
            ["status_reason", "sales_ready"],
            "marketing_qualified",
            True,
            {"status_reason": ("new", "marketing_qualified"), "sales_ready": (False, True)},
        ),
    ],
)
def test_a_qualified_lead_gets_the_actions_of_the_model(
    actions: list[str], status_reason: str, sales_ready: bool, changes: dict[str, tuple[object, object]]
) -> None:
    desk = Desk(rules(model(actions=actions)))
    assert desk.scores(1, **HIGH) == QUALIFIES
    assert (desk.lead.status_reason, desk.lead.sales_ready) == (status_reason, sales_ready)
    assert desk.qualifications[0].changes == changes


def test_a_marketing_qualified_lead_stays_open() -> None:
    desk = Desk(rules(model("a", actions=["status_reason"]), model("b", actions=["sales_ready"])))
    assert desk.scores(1, **HIGH) == {"a": Outcome.QUALIFIED, "b": Outcome.QUALIFIED}
    assert (desk.lead.status, desk.lead.status_reason) == ("open", "marketing_qualified")


def test_changes_name_only_what_changed() -> None:
    desk = Desk(rules(model()))
    desk.change(1, sales_ready=True, status_reason="contacted")
    desk.scores(2, **HIGH)
    assert desk.qualifications[0].changes == {"status_reason": ("contacted", "marketing_qualified")}


# 6. Nothing runs until the model is published


def test_nothing_qualifies_before_publish() -> None:
    admin = ModelAdmin(live=["engagement", "demographic"], enabled=True)
    admin.apply(model())
    desk = Desk(admin.rules())
    assert desk.scores(1, **HIGH) == {"enterprise": Outcome.MODEL_NOT_LIVE}
    admin.publish("enterprise")
    desk.rules = admin.rules()
    assert desk.score("engagement", 83, at=2) == QUALIFIES


# 7. Only open leads


@pytest.mark.parametrize(
    ("status", "status_reason"),
    [("qualified", "qualified"), ("open", "qualified"), ("qualified", "new"), ("disqualified", "lost")],
)
def test_a_lead_that_is_qualified_already_or_disqualified_gets_neither_flag(status: str, status_reason: str) -> None:
    desk = Desk(rules(model()))
    desk.change(1, status=status, status_reason=status_reason)
    assert desk.scores(2, **HIGH) == {"enterprise": Outcome.LEAD_NOT_OPEN}
    assert (desk.lead.status_reason, desk.lead.sales_ready, desk.lead.marks) == (status_reason, False, {})


# 8. Sticky


def test_once_marked_a_lead_stays_marked_when_its_scores_fall() -> None:
    desk = Desk(rules(model()))
    desk.scores(1, **HIGH)
    assert desk.scores(2, engagement=0, demographic=0) == {"enterprise": Outcome.CRITERIA_NOT_MET}
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("marketing_qualified", True)
    assert not desk.lead.marks["enterprise"].cleared
    assert desk.scores(3, **HIGH) == {"enterprise": Outcome.ALREADY_QUALIFIED}
    assert len(desk.qualifications) == 1


# 9. To change criteria: stop, edit, publish


def test_a_live_model_refuses_edits_and_takes_them_once_stopped() -> None:
    admin = ModelAdmin(live=["engagement", "demographic"], enabled=True)
    admin.apply(model())
    admin.publish("enterprise")
    edited = model(criteria={"engagement": 90})
    refused = admin.apply(edited)
    assert (refused.code, refused.message) == (
        "model_live",
        (
            "enterprise is live: stop it first (lead-qualifier model stop enterprise),"
            " or keep the file as a draft (lead-qualifier model apply --draft FILE)"
        ),
    )
    admin.stop("enterprise")
    assert admin.apply(edited).accepted
    admin.publish("enterprise")
    assert admin.rules().models["enterprise"].definition == edited
    assert admin.rules().models["enterprise"].version == 2


def test_a_stopped_model_qualifies_nothing() -> None:
    admin = ModelAdmin(live=["engagement", "demographic"], enabled=True)
    admin.apply(model())
    admin.publish("enterprise")
    admin.stop("enterprise")
    desk = Desk(admin.rules())
    assert desk.scores(1, **HIGH) == {"enterprise": Outcome.MODEL_NOT_LIVE}
