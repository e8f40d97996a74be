"""The lifecycle: which command is accepted when, and what whoever issued it is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from lead_qualifier.qualification.commands import Code, Verdict
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group
from lead_qualifier.qualification.entries import FeatureEntry, ModelEntry, ScoringModelEntry, encode_entry
from lead_qualifier.qualification.judging import ANSWERS_KEPT
from lead_qualifier.qualification.models import InvalidModel
from lead_qualifier.qualification.registry import Registry
from tests.unit.qualification.given import minute, model
from tests.unit.qualification.office import Office

LOW = model(criteria={"engagement": 10})
BESIDE = model(criteria={"engagement": 20})


def ready() -> Office:
    """Lead management on, both scoring models live: revision 3."""
    return Office(live=["engagement", "demographic"], enabled=True)


def with_draft() -> Office:
    office = ready()
    office.apply(model())
    return office


def with_live() -> Office:
    office = with_draft()
    office.publish("enterprise")
    return office


def with_beside() -> Office:
    """A live version, and a draft beside it."""
    office = with_live()
    office.apply(BESIDE, beside=True)
    return office


def with_shadow() -> Office:
    office = with_beside()
    office.shadow("enterprise", True)
    return office


def with_stopped() -> Office:
    office = with_live()
    office.stop("enterprise")
    return office


def with_deleted() -> Office:
    office = with_stopped()
    office.delete("enterprise")
    return office


COMMANDS: dict[str, Callable[[Office], Verdict]] = {
    "apply": lambda office: office.apply(LOW),
    "publish": lambda office: office.publish("enterprise"),
    "stop": lambda office: office.stop("enterprise"),
    "delete": lambda office: office.delete("enterprise"),
    "apply beside": lambda office: office.apply(LOW, beside=True),
    "replace": lambda office: office.publish("enterprise", replacing=True),
    "shadow on": lambda office: office.shadow("enterprise", True),
    "shadow off": lambda office: office.shadow("enterprise", False),
}
LIFECYCLE = [
    (ready, "apply", Code.APPLIED, "draft"),
    (ready, "publish", Code.UNKNOWN_MODEL, None),
    (ready, "stop", Code.UNKNOWN_MODEL, None),
    (ready, "delete", Code.UNKNOWN_MODEL, None),
    (with_draft, "apply", Code.APPLIED, "draft"),
    (with_draft, "publish", Code.PUBLISHED, "live"),
    (with_draft, "stop", Code.MODEL_NOT_LIVE, "draft"),
    (with_draft, "delete", Code.DELETED, None),
    (with_live, "apply", Code.MODEL_LIVE, "live"),
    (with_live, "publish", Code.MODEL_LIVE, "live"),
    (with_live, "stop", Code.STOPPED, "stopped"),
    (with_live, "delete", Code.MODEL_LIVE, "live"),
    (with_stopped, "apply", Code.APPLIED, "stopped"),
    (with_stopped, "publish", Code.PUBLISHED, "live"),
    (with_stopped, "stop", Code.MODEL_NOT_LIVE, "stopped"),
    (with_stopped, "delete", Code.DELETED, None),
    (with_deleted, "apply", Code.APPLIED, "draft"),
    (with_deleted, "publish", Code.UNKNOWN_MODEL, None),
    (with_deleted, "stop", Code.UNKNOWN_MODEL, None),
    (with_deleted, "delete", Code.UNKNOWN_MODEL, None),
    (with_beside, "apply", Code.MODEL_LIVE, "live"),
    (with_beside, "publish", Code.MODEL_LIVE, "live"),
    (with_beside, "stop", Code.STOPPED, "stopped"),
    (with_beside, "delete", Code.MODEL_LIVE, "live"),
    (ready, "apply beside", Code.APPLIED, "draft"),
    (with_draft, "apply beside", Code.APPLIED, "draft"),
    (with_live, "apply beside", Code.APPLIED, "live"),
    (with_beside, "apply beside", Code.APPLIED, "live"),
    (with_shadow, "apply beside", Code.APPLIED, "live"),
    (with_stopped, "apply beside", Code.APPLIED, "stopped"),
    (with_deleted, "apply beside", Code.APPLIED, "draft"),
    (ready, "replace", Code.UNKNOWN_MODEL, None),
    (with_draft, "replace", Code.MODEL_NOT_LIVE, "draft"),
    (with_live, "replace", Code.NO_DRAFT, "live"),
    (with_beside, "replace", Code.PUBLISHED, "live"),
    (with_shadow, "replace", Code.PUBLISHED, "live"),
    (with_stopped, "replace", Code.MODEL_NOT_LIVE, "stopped"),
    (with_deleted, "replace", Code.UNKNOWN_MODEL, None),
    (ready, "shadow on", Code.UNKNOWN_MODEL, None),
    (with_draft, "shadow on", Code.MODEL_NOT_LIVE, "draft"),
    (with_live, "shadow on", Code.NO_DRAFT, "live"),
    (with_beside, "shadow on", Code.SHADOW_ON, "live"),
    (with_stopped, "shadow on", Code.MODEL_NOT_LIVE, "stopped"),
    (with_deleted, "shadow on", Code.UNKNOWN_MODEL, None),
    (with_shadow, "shadow off", Code.SHADOW_OFF, "live"),
    (with_deleted, "shadow off", Code.UNKNOWN_MODEL, None),
]
ACCEPTED = {Code.APPLIED, Code.PUBLISHED, Code.STOPPED, Code.DELETED, Code.SHADOW_ON, Code.SHADOW_OFF}


@pytest.mark.parametrize(("given", "command", "code", "status"), LIFECYCLE)
def test_each_command_in_each_state(given: Callable[[], Office], command: str, code: Code, status: str | None) -> None:
    office = given()
    before = office.registry
    verdict = COMMANDS[command](office)
    assert (verdict.code, verdict.accepted) == (code, code in ACCEPTED)
    entry = office.registry.model("enterprise")
    assert (entry and entry.status) == status
    if verdict.accepted:
        assert office.registry.revision == verdict.revision == before.revision + 1
    else:
        assert verdict.entry is None
        assert office.registry.model("enterprise") == before.model("enterprise")
        assert office.registry.revision == before.revision


@pytest.mark.parametrize(
    ("given", "command", "message"),
    [
        (
            with_live,
            "apply",
            (
                "enterprise is live: stop it first (lead-qualifier model stop enterprise),"
                " or keep it as a draft beside the live version (lead-qualifier model apply --draft FILE)"
            ),
        ),
        (with_live, "delete", "enterprise is live: stop it first (lead-qualifier model stop enterprise)"),
        (
            with_live,
            "publish",
            "enterprise is live already, in version 1: stop it first (lead-qualifier model stop enterprise)",
        ),
        (
            ready,
            "publish",
            "there is no model enterprise: apply its file first (lead-qualifier model apply FILE)",
        ),
        (
            with_stopped,
            "stop",
            (
                "enterprise is not live, so there is nothing to stop"
                " (to let it run: lead-qualifier model publish enterprise)"
            ),
        ),
        (
            with_beside,
            "publish",
            (
                "enterprise is live already, in version 1: stop it first (lead-qualifier model stop enterprise),"
                " or let its draft take over (lead-qualifier model publish --replace enterprise)"
            ),
        ),
        (
            with_live,
            "replace",
            "enterprise has no draft beside version 1: apply one (lead-qualifier model apply --draft FILE)",
        ),
        (
            with_stopped,
            "replace",
            (
                "enterprise is not live, so there is nothing to replace:"
                " publish it (lead-qualifier model publish enterprise)"
            ),
        ),
        (
            with_stopped,
            "shadow on",
            (
                "enterprise is not live, so there is nothing to compare its draft with"
                " (to let it run: lead-qualifier model publish enterprise)"
            ),
        ),
    ],
)
def test_a_refusal_says_what_to_do(given: Callable[[], Office], command: str, message: str) -> None:
    assert COMMANDS[command](given()).message == message


def test_an_id_with_spaces_is_quoted_where_a_command_is_shown() -> None:
    office = ready()
    office.apply(model("big deals"))
    office.publish("big deals")
    assert office.stop("big deals").accepted
    assert office.stop("big deals").message.endswith("(to let it run: lead-qualifier model publish 'big deals')")


# Versions


def test_each_publish_makes_the_next_version() -> None:
    office = with_draft()
    for version in (1, 2, 3):
        assert office.publish("enterprise").version == version
        office.stop("enterprise")


def test_versions_go_on_rising_after_a_model_was_deleted() -> None:
    office = with_deleted()
    assert office.apply(LOW).version == 1
    assert office.publish("enterprise").version == 2


def test_a_refusal_uses_no_version() -> None:
    office = with_draft()
    office.disable()
    assert office.publish("enterprise").version == 0
    office.enable()
    assert office.publish("enterprise").version == 1


def test_a_published_entry_tells_who_published_what_and_when() -> None:
    office = with_draft()
    office.publish("enterprise", command_id="c-x", issued_by="bert", issued_at=minute(99))
    assert office.registry.model("enterprise") == ModelEntry(
        id="enterprise",
        revision=5,
        status="live",
        version=1,
        published=model(),
        published_revision=5,
        publish_command_id="c-x",
        published_at=minute(99),
        published_by="bert",
        changed_at=minute(99),
        changed_by="bert",
    )


def test_an_edit_of_a_stopped_model_leaves_what_was_published_until_it_is_published() -> None:
    office = with_stopped()
    office.apply(LOW)
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert (entry.status, entry.draft, entry.published, entry.version) == ("stopped", LOW, model(), 1)
    office.publish("enterprise")
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert (entry.draft, entry.published, entry.version) == (None, LOW, 2)


def test_a_stopped_model_published_without_an_edit_runs_as_before_in_a_new_version() -> None:
    office = with_stopped()
    verdict = office.publish("enterprise")
    assert (verdict.accepted, verdict.version) == (True, 2)
    assert office.rules().models["enterprise"].definition == model()


def test_applying_what_the_draft_says_already_changes_nothing() -> None:
    office = with_draft()
    verdict = office.apply(model())
    assert (verdict.accepted, verdict.code, verdict.entry, verdict.revision) == (True, Code.UNCHANGED, None, 4)


# A draft beside the live version


def test_a_draft_beside_a_live_version_changes_nothing_of_what_runs() -> None:
    office = with_beside()
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert (entry.status, entry.version, entry.draft, entry.published) == ("live", 1, BESIDE, model())
    assert entry.definition == model()
    assert office.rules().models["enterprise"].definition == model()


def test_replacing_makes_the_draft_the_next_version_in_one_step() -> None:
    office = with_beside()
    verdict = office.publish("enterprise", replacing=True, command_id="c-x", issued_by="bert", issued_at=minute(99))
    assert verdict.message == "enterprise is live in version 2, in place of version 1"
    assert verdict.definition == BESIDE
    assert office.registry.model("enterprise") == ModelEntry(
        id="enterprise",
        revision=7,
        status="live",
        version=2,
        published=BESIDE,
        published_revision=7,
        publish_command_id="c-x",
        published_at=minute(99),
        published_by="bert",
        changed_at=minute(99),
        changed_by="bert",
    )


def test_a_draft_that_says_what_runs_is_none_and_what_said_otherwise_is_dropped() -> None:
    office = with_live()
    assert office.apply(model(), beside=True).code is Code.UNCHANGED
    office.apply(BESIDE, beside=True)
    office.shadow("enterprise", True)
    dropped = office.apply(model(), beside=True)
    assert dropped.message == "enterprise: its draft is dropped, since version 1 says the same and goes on"
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert (entry.draft, entry.shadow, entry.version) == (None, False, 1)


def test_the_draft_of_a_model_that_was_stopped_is_what_publish_lets_run() -> None:
    office = with_shadow()
    assert office.stop("enterprise").message == "enterprise is stopped; publish it to let its draft run"
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert (entry.draft, entry.shadow) == (BESIDE, False)
    office.publish("enterprise")
    assert office.rules().models["enterprise"].definition == BESIDE


def test_a_replacement_is_hindered_as_any_publish_is_and_what_runs_goes_on() -> None:
    office = with_beside()
    office.scoring("engagement", "stopped")
    refused = office.publish("enterprise", replacing=True)
    assert (refused.code, refused.version) == (Code.SCORING_MODEL_NOT_LIVE, 1)
    office.scoring("engagement", "live")
    office.disable()
    assert office.publish("enterprise", replacing=True).code is Code.LEAD_MANAGEMENT_OFF
    assert office.rules().models["enterprise"].version == 1


# Shadow


def test_a_shadow_outlives_a_new_draft_and_ends_when_the_draft_is_published() -> None:
    office = with_shadow()
    office.apply(LOW, beside=True)
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert entry.shadow
    office.publish("enterprise", replacing=True)
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert not entry.shadow


def test_a_shadow_that_is_on_or_off_already_stays_as_it_is() -> None:
    assert with_shadow().shadow("enterprise", True).code is Code.UNCHANGED
    for given in (with_draft, with_live, with_beside, with_stopped):
        assert given().shadow("enterprise", False).code is Code.UNCHANGED


def test_what_counts_as_not_met_in_the_shadow_is_told() -> None:
    office = with_live()
    office.apply(model(criteria={"intent": 20}), beside=True)
    verdict = office.shadow("enterprise", True)
    assert verdict.accepted
    assert [warning.split(":")[0] for warning in verdict.warnings] == ["scoring model intent is unknown"]


# Maxima


def test_a_threshold_above_the_maximum_of_its_scoring_model_is_refused_by_field_with_the_fix() -> None:
    office = ready()
    office.scoring("engagement", "live", maximum=62.5)
    refused = office.apply(model())
    assert (refused.code, refused.accepted) == (Code.THRESHOLD_ABOVE_MAXIMUM, False)
    assert refused.message == (
        "enterprise: criteria.0.threshold: 70 is above 62.5, the maximum of scoring model engagement, so that no score"
        " can meet it: lower it to 62.5 or less, or correct the maximum"
        " (lead-qualifier scoring-model set engagement --status live --maximum N)"
    )
    assert office.apply(model(criteria={"engagement": 62.5})).accepted
    office.scoring("engagement", "live", maximum=62.25)
    assert office.publish("enterprise").code is Code.THRESHOLD_ABOVE_MAXIMUM
    office.scoring("engagement", "live")
    assert office.publish("enterprise").accepted, "an engine that names no maximum any more has none"


def test_a_threshold_out_of_reach_in_a_group_is_refused_by_its_own_path_and_each_scoring_model_is_told_once() -> None:
    office = ready()
    office.scoring("engagement", "stopped", maximum=60)
    pair = (Criterion("engagement", 61.0), Criterion("demographic", 5.0), Criterion("engagement", 60.0))
    nested = replace(model(), criteria=pair, members=(Group("any", (0, Group(AtLeast(1), (1,)))), 2))
    refused = office.apply(nested)
    assert refused.code is Code.THRESHOLD_ABOVE_MAXIMUM
    assert refused.message.startswith("enterprise: criteria.0.any.0.threshold: 61 is above 60, the maximum of scoring")
    fits = (Criterion("engagement", 50.0), *pair[1:])
    assert len(office.apply(replace(nested, criteria=fits)).warnings) == 1


def test_a_draft_out_of_reach_is_refused_beside_a_live_version_too() -> None:
    office = with_live()
    office.scoring("engagement", "live", maximum=100)
    refused = office.apply(model(criteria={"engagement": 100.5}), beside=True)
    assert refused.code is Code.THRESHOLD_ABOVE_MAXIMUM
    office.apply(model(criteria={"engagement": 100}), beside=True)
    office.scoring("engagement", "live", maximum=99)
    assert office.publish("enterprise", replacing=True).code is Code.THRESHOLD_ABOVE_MAXIMUM
    assert office.rules().models["enterprise"].live, "what runs goes on"


def test_a_new_maximum_is_news() -> None:
    office = Office()
    office.scoring("engagement", "live", at=10)
    assert office.scoring("engagement", "live", at=11, maximum=100).code is Code.OBSERVED
    assert office.scoring("engagement", "live", at=12, maximum=100).code is Code.UNCHANGED


# Hindrances


@pytest.mark.parametrize(
    ("office", "warnings"),
    [
        (Office(live=["engagement", "demographic"], enabled=True), 0),
        (Office(live=["engagement", "demographic"]), 1),
        (Office(live=["engagement"], enabled=True), 1),
        (Office(), 3),
    ],
)
def test_apply_warns_of_what_would_refuse_a_publish(office: Office, warnings: int) -> None:
    verdict = office.apply(model())
    assert verdict.accepted
    assert len(verdict.warnings) == warnings
    assert office.publish("enterprise").accepted is (warnings == 0)


def test_a_publish_names_every_hindrance_and_the_commands_that_help() -> None:
    office = Office(live=["engagement"])
    office.scoring("engagement", "stopped")
    office.apply(model())
    refused = office.publish("enterprise")
    assert refused.code is Code.LEAD_MANAGEMENT_OFF
    assert refused.message == (
        "enterprise cannot be published: lead management is off: an administrator turns it on"
        " (lead-qualifier feature enable lead-management);"
        " scoring model engagement is not live but stopped: set it live first"
        " (lead-qualifier scoring-model set engagement --status live);"
        " scoring model demographic is unknown: set it live first"
        " (lead-qualifier scoring-model set demographic --status live)"
    )


def test_a_live_model_may_be_stopped_while_lead_management_is_off() -> None:
    office = with_live()
    office.disable()
    assert office.stop("enterprise").accepted


# Revisions


@pytest.mark.parametrize("command", ["apply", "publish", "delete"])
@pytest.mark.parametrize(("expected", "accepted"), [(4, True), (None, True), (3, False), (0, False), (5, False)])
def test_a_command_meant_for_another_revision_is_refused(command: str, expected: int | None, accepted: bool) -> None:
    office = with_draft()
    target = LOW if command == "apply" else "enterprise"
    verdict = getattr(office, command)(target, expected_revision=expected)
    assert verdict.accepted is accepted
    if not accepted:
        assert verdict.code is Code.STALE_REVISION
        assert verdict.message.startswith("enterprise is at revision 4, the command was meant for revision")


@pytest.mark.parametrize(("given", "accepted"), [(ready, True), (with_draft, False), (with_deleted, True)])
def test_revision_0_means_that_there_is_no_such_model(given: Callable[[], Office], accepted: bool) -> None:
    assert given().apply(LOW, expected_revision=0).accepted is accepted


def test_revisions_are_one_order_over_models_scoring_models_and_features() -> None:
    office = Office()
    revisions = [
        office.scoring("engagement", "live").revision,
        office.enable().revision,
        office.apply(LOW).revision,
        office.apply(model("other", criteria={"engagement": 1})).revision,
        office.publish("enterprise").revision,
        office.scoring("engagement", "stopped").revision,
        office.publish("other").revision,  # refused
        office.disable().revision,
    ]
    assert revisions == [1, 2, 3, 4, 5, 6, 4, 7]
    assert office.registry.revision == office.rules().revision == 7


def test_the_revision_of_a_deleted_model_is_not_given_again() -> None:
    office = with_deleted()
    assert Registry(office.registry.entries).revision == office.registry.revision == 7
    assert office.rules().models == {}


# Repeated commands


def test_repeating_a_command_changes_nothing_and_is_answered_as_before() -> None:
    office = with_draft()
    issued = office.issued()
    first = office.take(office.registry.publish("enterprise", issued))
    office.stop("enterprise")
    before = dict(office.registry.entries)
    again = office.take(office.registry.publish("enterprise", issued))
    assert again.repeated
    assert (again.accepted, again.code, again.message) == (True, Code.PUBLISHED, first.message)
    assert (again.version, again.revision) == (first.version, first.revision)
    assert list(again.stored()) == []
    assert office.registry.entries == before


def test_repeating_an_apply_does_not_bring_back_an_older_draft() -> None:
    office = ready()
    issued = office.issued()
    office.take(office.registry.apply_model(model(), issued))
    office.apply(LOW)
    assert office.take(office.registry.apply_model(model(), issued)).repeated
    entry = office.registry.model("enterprise")
    assert entry is not None
    assert entry.draft == LOW


def test_repeating_a_refused_command_is_refused_also_when_it_could_be_accepted_by_now() -> None:
    office = Office(live=["engagement", "demographic"])
    office.apply(model())
    issued = office.issued()
    assert not office.take(office.registry.publish("enterprise", issued)).accepted
    office.enable()
    assert office.take(office.registry.publish("enterprise", issued)).code is Code.LEAD_MANAGEMENT_OFF
    assert office.publish("enterprise").accepted


def test_repeating_a_command_on_the_feature_switch_does_not_move_it_again() -> None:
    office = Office()
    issued = office.issued()
    office.take(office.registry.set_feature("lead-management", enabled=True, issued=issued))
    office.disable()
    assert office.take(office.registry.set_feature("lead-management", enabled=True, issued=issued)).repeated
    assert not office.registry.enabled("lead-management")


def test_so_many_commands_are_remembered_per_entry_and_no_more() -> None:
    office = ready()
    first = office.issued()
    office.take(office.registry.stop("enterprise", first))
    for _ in range(ANSWERS_KEPT - 1):
        office.stop("enterprise")
        office.stop("other")
    assert office.registry.stop("enterprise", first).repeated
    verdict = office.stop("enterprise")
    assert not office.registry.stop("enterprise", first).repeated
    assert verdict.answers is not None
    assert len(verdict.answers.answers) == ANSWERS_KEPT


def test_a_model_can_be_stopped_after_hundreds_of_unchanged_applies_with_long_warnings() -> None:
    office = with_live()
    long = model(criteria={f"{'scoring model of a long name ' * 4}{number}": 1 for number in range(30)})
    for _ in range(500):
        warnings = office.apply(long, beside=True).warnings
        assert (len(warnings), warnings[10]) == (11, "and 20 more")
    stopped = office.stop("enterprise")
    assert stopped.code is Code.STOPPED
    assert stopped.answers is not None
    assert len(encode_entry(stopped.answers)) < 256 * 1024


# Invalid definitions


def test_an_invalid_definition_is_refused_by_field_and_changes_nothing() -> None:
    office = ready()
    problem = InvalidModel([("criteria.0.threshold", "must be a finite number")])
    verdict = office.take(office.registry.refuse_invalid("enterprise", problem, office.issued()))
    assert (verdict.accepted, verdict.code, verdict.entry) == (False, Code.INVALID_MODEL, None)
    assert verdict.message == (
        "enterprise: criteria.0.threshold: must be a finite number; correct the model file and apply it again"
    )


# The feature switch


def test_lead_management_is_off_until_an_administrator_turns_it_on() -> None:
    office = Office()
    assert not office.rules().lead_management
    office.enable(issued_by="root", issued_at=minute(5))
    assert office.rules().lead_management
    assert office.registry.entries["feature/lead-management"] == FeatureEntry(
        name="lead-management", revision=1, enabled=True, changed_at=minute(5), changed_by="root"
    )


def test_turning_on_what_is_on_changes_nothing() -> None:
    office = Office(enabled=True)
    verdict = office.enable()
    assert (verdict.accepted, verdict.code, verdict.entry, verdict.revision) == (True, Code.UNCHANGED, None, 1)


def test_turning_off_says_what_that_means() -> None:
    verdict = Office(enabled=True).disable()
    assert verdict.code is Code.DISABLED
    assert "nothing qualifies until it is on again" in verdict.message


def test_an_unknown_feature_is_refused_by_name() -> None:
    office = Office()
    verdict = office.take(office.registry.set_feature("lead-scoring", enabled=True, issued=office.issued()))
    assert (verdict.accepted, verdict.code, verdict.entry) == (False, Code.UNKNOWN_FEATURE, None)
    assert verdict.message == "there is no feature lead-scoring: the one there is is called lead-management"


def test_a_feature_command_meant_for_another_revision_is_refused() -> None:
    office = Office(enabled=True)
    assert office.disable(expected_revision=7).code is Code.STALE_REVISION
    assert office.disable(expected_revision=1).accepted


# Scoring models


@pytest.mark.parametrize(
    ("at", "code", "status"),
    [(9, Code.STALE, "live"), (10, Code.OBSERVED, "stopped"), (11, Code.OBSERVED, "stopped")],
    ids=["older: ignored", "same time: the later word counts", "newer"],
)
def test_a_scoring_model_is_what_the_newest_word_says(at: int, code: Code, status: str) -> None:
    office = Office()
    office.scoring("engagement", "live", at=10)
    assert office.scoring("engagement", "stopped", at=at).code is code
    entry = office.registry.scoring_model("engagement")
    assert entry is not None
    assert entry.status == status


def test_what_says_nothing_new_takes_no_revision_but_its_time_is_held() -> None:
    office = Office()
    office.scoring("engagement", "live", at=10)
    verdict = office.scoring("engagement", "live", at=20)
    assert (verdict.code, verdict.revision, office.registry.revision) == (Code.UNCHANGED, 1, 1)
    assert verdict.entry == ScoringModelEntry(id="engagement", revision=1, status="live", occurred_at=minute(20))
    assert office.scoring("engagement", "stopped", at=15).code is Code.STALE


def test_a_repeated_word_on_a_scoring_model_changes_nothing() -> None:
    office = Office()
    office.scoring("engagement", "live", at=10)
    assert list(office.scoring("engagement", "live", at=10).stored()) == []


def test_a_new_name_of_a_scoring_model_is_news() -> None:
    office = Office()
    office.scoring("engagement", "live", at=10)
    assert office.scoring("engagement", "live", at=11, title="Engagement").code is Code.OBSERVED


def test_a_scoring_model_that_stops_degrades_the_live_models_that_name_it_and_stops_none() -> None:
    office = with_live()
    office.scoring("demographic", "stopped")
    current = office.rules()
    assert current.models["enterprise"].live
    assert current.degraded(current.models["enterprise"]) == ("demographic",)


# What workers see


def test_a_snapshot_has_drafts_and_stopped_models_too_so_that_their_events_have_an_outcome() -> None:
    office = with_stopped()
    office.apply(model("draft", criteria={"engagement": 5}))
    assert [(one.id, one.live, one.version) for one in office.rules().naming("engagement")] == [
        ("draft", False, 0),
        ("enterprise", False, 1),
    ]


def test_a_snapshot_tells_what_a_sweep_is_triggered_by() -> None:
    office = with_draft()
    office.publish("enterprise", command_id="c-x", offset=918, issued_at=minute(50) + timedelta(seconds=1))
    ruled = office.rules().models["enterprise"]
    assert (ruled.publish_command_id, ruled.published_revision, ruled.version) == ("c-x", 5, 1)
    assert (ruled.published_at, ruled.publish_command_offset) == (minute(50) + timedelta(seconds=1), 918)
    assert ruled.definition.existing_leads == "evaluate"
