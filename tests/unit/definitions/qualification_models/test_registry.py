"""The lifecycle: which command is accepted when, and what whoever issued it is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from lead_qualifier.definitions.processed_commands import MOST_COMMANDS
from lead_qualifier.definitions.qualification_models.entries import (
    FeatureEntry,
    ModelEntry,
    ProcessedCommands,
    ScoringModelEntry,
    encode_stored,
)
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group
from tests.support.model_admin import ModelAdmin, Result
from tests.unit.qualification.given import minute, model

LOW = model(criteria={"engagement": 10})
REDRAFTED = model(criteria={"engagement": 20})


def ready() -> ModelAdmin:
    """Lead management on, both scoring models live: revision 3."""
    return ModelAdmin(live=["engagement", "demographic"], enabled=True)


def with_draft() -> ModelAdmin:
    admin = ready()
    admin.apply(model())
    return admin


def with_live() -> ModelAdmin:
    admin = with_draft()
    admin.publish("enterprise")
    return admin


def with_live_and_draft() -> ModelAdmin:
    """A live version and a draft."""
    admin = with_live()
    admin.apply(REDRAFTED, draft=True)
    return admin


def with_shadow() -> ModelAdmin:
    admin = with_live_and_draft()
    admin.shadow("enterprise", True)
    return admin


def with_stopped() -> ModelAdmin:
    admin = with_live()
    admin.stop("enterprise")
    return admin


def with_deleted() -> ModelAdmin:
    admin = with_stopped()
    admin.delete("enterprise")
    return admin


COMMANDS: dict[str, Callable[[ModelAdmin], Result]] = {
    "apply": lambda admin: admin.apply(LOW),
    "publish": lambda admin: admin.publish("enterprise"),
    "stop": lambda admin: admin.stop("enterprise"),
    "delete": lambda admin: admin.delete("enterprise"),
    "apply draft": lambda admin: admin.apply(LOW, draft=True),
    "replace": lambda admin: admin.publish("enterprise", replace=True),
    "shadow on": lambda admin: admin.shadow("enterprise", True),
    "shadow off": lambda admin: admin.shadow("enterprise", False),
}
LIFECYCLE = [
    (ready, "apply", "applied", "draft"),
    (ready, "publish", "unknown_model", None),
    (ready, "stop", "unknown_model", None),
    (ready, "delete", "unknown_model", None),
    (with_draft, "apply", "applied", "draft"),
    (with_draft, "publish", "published", "live"),
    (with_draft, "stop", "model_not_live", "draft"),
    (with_draft, "delete", "deleted", None),
    (with_live, "apply", "model_live", "live"),
    (with_live, "publish", "model_live", "live"),
    (with_live, "stop", "stopped", "stopped"),
    (with_live, "delete", "model_live", "live"),
    (with_stopped, "apply", "applied", "stopped"),
    (with_stopped, "publish", "published", "live"),
    (with_stopped, "stop", "model_not_live", "stopped"),
    (with_stopped, "delete", "deleted", None),
    (with_deleted, "apply", "applied", "draft"),
    (with_deleted, "publish", "unknown_model", None),
    (with_deleted, "stop", "unknown_model", None),
    (with_deleted, "delete", "unknown_model", None),
    (with_live_and_draft, "apply", "model_live", "live"),
    (with_live_and_draft, "publish", "model_live", "live"),
    (with_live_and_draft, "stop", "stopped", "stopped"),
    (with_live_and_draft, "delete", "model_live", "live"),
    (ready, "apply draft", "applied", "draft"),
    (with_draft, "apply draft", "applied", "draft"),
    (with_live, "apply draft", "applied", "live"),
    (with_live_and_draft, "apply draft", "applied", "live"),
    (with_shadow, "apply draft", "applied", "live"),
    (with_stopped, "apply draft", "applied", "stopped"),
    (with_deleted, "apply draft", "applied", "draft"),
    (ready, "replace", "unknown_model", None),
    (with_draft, "replace", "model_not_live", "draft"),
    (with_live, "replace", "no_draft", "live"),
    (with_live_and_draft, "replace", "published", "live"),
    (with_shadow, "replace", "published", "live"),
    (with_stopped, "replace", "model_not_live", "stopped"),
    (with_deleted, "replace", "unknown_model", None),
    (ready, "shadow on", "unknown_model", None),
    (with_draft, "shadow on", "model_not_live", "draft"),
    (with_live, "shadow on", "no_draft", "live"),
    (with_live_and_draft, "shadow on", "shadow_on", "live"),
    (with_stopped, "shadow on", "model_not_live", "stopped"),
    (with_deleted, "shadow on", "unknown_model", None),
    (with_shadow, "shadow off", "shadow_off", "live"),
    (with_deleted, "shadow off", "unknown_model", None),
]
ACCEPTED = {"applied", "published", "stopped", "deleted", "shadow_on", "shadow_off"}


@pytest.mark.parametrize(("given", "command", "code", "status"), LIFECYCLE)
def test_each_command_in_each_state(
    given: Callable[[], ModelAdmin], command: str, code: str, status: str | None
) -> None:
    admin = given()
    before = admin.registry
    result = COMMANDS[command](admin)
    assert (result.code, result.accepted) == (code, code in ACCEPTED)
    entry = admin.registry.model("enterprise")
    assert (entry and entry.status) == status
    if result.accepted:
        assert admin.registry.revision == result.revision == before.revision + 1
    else:
        assert result.entry is None
        assert admin.registry.model("enterprise") == before.model("enterprise")
        assert admin.registry.revision == before.revision


@pytest.mark.parametrize(
    ("given", "command", "message"),
    [
        (
            with_live,
            "apply",
            (
                "enterprise is live: stop it first (lead-qualifier model stop enterprise),"
                " or keep the file as a draft (lead-qualifier model apply --draft FILE)"
            ),
        ),
        (with_live, "delete", "enterprise is live: stop it first (lead-qualifier model stop enterprise)"),
        (
            with_live,
            "publish",
            "enterprise is already live, in version 1: stop it first (lead-qualifier model stop enterprise)",
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
                " (to publish it: lead-qualifier model publish enterprise)"
            ),
        ),
        (
            with_live_and_draft,
            "publish",
            (
                "enterprise is already live, in version 1: stop it first (lead-qualifier model stop enterprise),"
                " or replace it by its draft (lead-qualifier model publish --replace enterprise)"
            ),
        ),
        (
            with_live,
            "replace",
            "enterprise has no draft to replace version 1: apply one (lead-qualifier model apply --draft FILE)",
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
                " (to publish it: lead-qualifier model publish enterprise)"
            ),
        ),
    ],
)
def test_a_refusal_says_what_to_do(given: Callable[[], ModelAdmin], command: str, message: str) -> None:
    assert COMMANDS[command](given()).message == message


def test_an_id_with_spaces_is_quoted_where_a_command_is_shown() -> None:
    admin = ready()
    admin.apply(model("big deals"))
    admin.publish("big deals")
    assert admin.stop("big deals").accepted
    assert admin.stop("big deals").message.endswith("(to publish it: lead-qualifier model publish 'big deals')")


# Versions


def test_each_publish_makes_the_next_version() -> None:
    admin = with_draft()
    for version in (1, 2, 3):
        assert admin.publish("enterprise").version == version
        admin.stop("enterprise")


def test_versions_go_on_rising_after_a_model_was_deleted() -> None:
    admin = with_deleted()
    assert admin.apply(LOW).version == 1
    assert admin.publish("enterprise").version == 2


def test_a_refusal_uses_no_version() -> None:
    admin = with_draft()
    admin.disable()
    assert admin.publish("enterprise").version == 0
    admin.enable()
    assert admin.publish("enterprise").version == 1


def test_a_published_entry_tells_who_published_what_and_when() -> None:
    admin = with_draft()
    admin.publish("enterprise", command_id="c-x", issued_by="bert", issued_at=minute(99))
    assert admin.registry.model("enterprise") == ModelEntry(
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
    admin = with_stopped()
    admin.apply(LOW)
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert (entry.status, entry.draft, entry.published, entry.version) == ("stopped", LOW, model(), 1)
    admin.publish("enterprise")
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert (entry.draft, entry.published, entry.version) == (None, LOW, 2)


def test_a_stopped_model_published_without_an_edit_runs_as_before_in_a_new_version() -> None:
    admin = with_stopped()
    result = admin.publish("enterprise")
    assert (result.accepted, result.version) == (True, 2)
    assert admin.rules().models["enterprise"].definition == model()


def test_applying_what_the_draft_says_already_changes_nothing() -> None:
    admin = with_draft()
    result = admin.apply(model())
    assert (result.accepted, result.code, result.entry, result.revision) == (True, "unchanged", None, 4)


# The draft of a live model


def test_a_draft_beside_a_live_version_changes_nothing_of_what_runs() -> None:
    admin = with_live_and_draft()
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert (entry.status, entry.version, entry.draft, entry.published) == ("live", 1, REDRAFTED, model())
    assert entry.definition == model()
    assert admin.rules().models["enterprise"].definition == model()


def test_replacing_makes_the_draft_the_next_version_in_one_step() -> None:
    admin = with_live_and_draft()
    result = admin.publish("enterprise", replace=True, command_id="c-x", issued_by="bert", issued_at=minute(99))
    assert result.message == "enterprise is live in version 2, replacing version 1"
    assert result.definition == definition_of(REDRAFTED)
    assert admin.registry.model("enterprise") == ModelEntry(
        id="enterprise",
        revision=7,
        status="live",
        version=2,
        published=REDRAFTED,
        published_revision=7,
        publish_command_id="c-x",
        published_at=minute(99),
        published_by="bert",
        changed_at=minute(99),
        changed_by="bert",
    )


def test_a_draft_that_says_what_runs_is_none_and_what_said_otherwise_is_dropped() -> None:
    admin = with_live()
    assert admin.apply(model(), draft=True).code == "unchanged"
    admin.apply(REDRAFTED, draft=True)
    admin.shadow("enterprise", True)
    dropped = admin.apply(model(), draft=True)
    assert dropped.message == "enterprise: draft dropped, because it is identical to live version 1"
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert (entry.draft, entry.shadow, entry.version) == (None, False, 1)


def test_the_draft_of_a_model_that_was_stopped_is_what_publish_lets_run() -> None:
    admin = with_shadow()
    assert admin.stop("enterprise").message == "enterprise is stopped; publish it to run its draft"
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert (entry.draft, entry.shadow) == (REDRAFTED, False)
    admin.publish("enterprise")
    assert admin.rules().models["enterprise"].definition == REDRAFTED


def test_a_replacement_is_hindered_as_any_publish_is_and_what_runs_goes_on() -> None:
    admin = with_live_and_draft()
    admin.scoring("engagement", "stopped")
    refused = admin.publish("enterprise", replace=True)
    assert (refused.code, refused.version) == ("scoring_model_not_live", 1)
    admin.scoring("engagement", "live")
    admin.disable()
    assert admin.publish("enterprise", replace=True).code == "lead_management_off"
    assert admin.rules().models["enterprise"].version == 1


# Shadow


def test_a_shadow_outlives_a_new_draft_and_ends_when_the_draft_is_published() -> None:
    admin = with_shadow()
    admin.apply(LOW, draft=True)
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert entry.shadow
    admin.publish("enterprise", replace=True)
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert not entry.shadow


def test_a_shadow_that_is_on_or_off_already_stays_as_it_is() -> None:
    assert with_shadow().shadow("enterprise", True).code == "unchanged"
    for given in (with_draft, with_live, with_live_and_draft, with_stopped):
        assert given().shadow("enterprise", False).code == "unchanged"


def test_what_counts_as_not_met_in_the_shadow_is_told() -> None:
    admin = with_live()
    admin.apply(model(criteria={"intent": 20}), draft=True)
    result = admin.shadow("enterprise", True)
    assert result.accepted
    assert [warning.split(":")[0] for warning in result.warnings] == ["scoring model intent is unknown"]


# Maxima


def test_a_threshold_above_the_maximum_of_its_scoring_model_is_refused_by_field_with_the_fix() -> None:
    admin = ready()
    admin.scoring("engagement", "live", maximum=62.5)
    refused = admin.apply(model())
    assert (refused.code, refused.accepted) == ("threshold_above_maximum", False)
    assert refused.message == (
        "enterprise: criteria.0.threshold: 70 is above 62.5, the maximum of scoring model engagement, so no score"
        " can meet it: lower it to 62.5 or less, or correct the maximum"
        " (lead-qualifier scoring-model set engagement --status live --maximum N)"
    )
    assert admin.apply(model(criteria={"engagement": 62.5})).accepted
    admin.scoring("engagement", "live", maximum=62.25)
    assert admin.publish("enterprise").code == "threshold_above_maximum"
    admin.scoring("engagement", "live")
    assert admin.publish("enterprise").accepted, "an engine that names no maximum any more has none"


def test_a_threshold_out_of_reach_in_a_group_is_refused_by_its_own_path_and_each_scoring_model_is_told_once() -> None:
    admin = ready()
    admin.scoring("engagement", "stopped", maximum=60)
    pair = (Criterion("engagement", 61.0), Criterion("demographic", 5.0), Criterion("engagement", 60.0))
    nested = replace(model(), criteria=pair, members=(Group("any", (0, Group(AtLeast(1), (1,)))), 2))
    refused = admin.apply(nested)
    assert refused.code == "threshold_above_maximum"
    assert refused.message.startswith("enterprise: criteria.0.any.0.threshold: 61 is above 60, the maximum of scoring")
    fits = (Criterion("engagement", 50.0), *pair[1:])
    assert len(admin.apply(replace(nested, criteria=fits)).warnings) == 1


def test_a_draft_out_of_reach_is_refused_beside_a_live_version_too() -> None:
    admin = with_live()
    admin.scoring("engagement", "live", maximum=100)
    refused = admin.apply(model(criteria={"engagement": 100.5}), draft=True)
    assert refused.code == "threshold_above_maximum"
    admin.apply(model(criteria={"engagement": 100}), draft=True)
    admin.scoring("engagement", "live", maximum=99)
    assert admin.publish("enterprise", replace=True).code == "threshold_above_maximum"
    assert admin.rules().models["enterprise"].live, "what runs goes on"


def test_a_new_maximum_is_news() -> None:
    admin = ModelAdmin()
    admin.scoring("engagement", "live", at=10)
    assert admin.scoring("engagement", "live", at=11, maximum=100).code == "observed"
    assert admin.scoring("engagement", "live", at=12, maximum=100).code == "unchanged"


# Hindrances


@pytest.mark.parametrize(
    ("admin", "warnings"),
    [
        (ModelAdmin(live=["engagement", "demographic"], enabled=True), 0),
        (ModelAdmin(live=["engagement", "demographic"]), 1),
        (ModelAdmin(live=["engagement"], enabled=True), 1),
        (ModelAdmin(), 3),
    ],
)
def test_apply_warns_of_what_would_refuse_a_publish(admin: ModelAdmin, warnings: int) -> None:
    result = admin.apply(model())
    assert result.accepted
    assert len(result.warnings) == warnings
    assert admin.publish("enterprise").accepted is (warnings == 0)


def test_a_publish_names_every_hindrance_and_the_commands_that_help() -> None:
    admin = ModelAdmin(live=["engagement"])
    admin.scoring("engagement", "stopped")
    admin.apply(model())
    refused = admin.publish("enterprise")
    assert refused.code == "lead_management_off"
    assert refused.message == (
        "enterprise cannot be published: lead management is off: an administrator must turn it on"
        " (lead-qualifier feature enable lead-management);"
        " scoring model engagement is stopped, not live: set it live first"
        " (lead-qualifier scoring-model set engagement --status live);"
        " scoring model demographic is unknown: set it live first"
        " (lead-qualifier scoring-model set demographic --status live)"
    )


def test_a_live_model_may_be_stopped_while_lead_management_is_off() -> None:
    admin = with_live()
    admin.disable()
    assert admin.stop("enterprise").accepted


# Revisions


@pytest.mark.parametrize("command", ["apply", "publish", "delete"])
@pytest.mark.parametrize(("expected", "accepted"), [(4, True), (None, True), (3, False), (0, False), (5, False)])
def test_a_command_meant_for_another_revision_is_refused(command: str, expected: int | None, accepted: bool) -> None:
    admin = with_draft()
    target = LOW if command == "apply" else "enterprise"
    result = getattr(admin, command)(target, expected_revision=expected)
    assert result.accepted is accepted
    if not accepted:
        assert result.code == "stale_revision"
        assert result.message.startswith("enterprise is at revision 4, but the command expects revision")


@pytest.mark.parametrize(("given", "accepted"), [(ready, True), (with_draft, False), (with_deleted, True)])
def test_revision_0_means_that_there_is_no_such_model(given: Callable[[], ModelAdmin], accepted: bool) -> None:
    assert given().apply(LOW, expected_revision=0).accepted is accepted


def test_revisions_are_one_order_over_models_scoring_models_and_features() -> None:
    admin = ModelAdmin()
    revisions = [
        admin.scoring("engagement", "live").revision,
        admin.enable().revision,
        admin.apply(LOW).revision,
        admin.apply(model("other", criteria={"engagement": 1})).revision,
        admin.publish("enterprise").revision,
        admin.scoring("engagement", "stopped").revision,
        admin.publish("other").revision,  # refused
        admin.disable().revision,
    ]
    assert revisions == [1, 2, 3, 4, 5, 6, 4, 7]
    assert admin.registry.revision == admin.rules().revision == 7


def test_the_revision_of_a_deleted_model_is_not_given_again() -> None:
    admin = with_deleted()
    assert ModelRegistry(admin.registry.records).revision == admin.registry.revision == 7
    assert admin.rules().models == {}


# Repeated commands


def test_repeating_a_command_changes_nothing_and_is_answered_as_before() -> None:
    admin = with_draft()
    publish = admin.command("publish", "enterprise")
    first = admin.give(publish)
    admin.stop("enterprise")
    before = dict(admin.registry.records)
    again = admin.give(publish)
    assert again.repeated
    assert (again.accepted, again.code, again.message) == (True, "published", first.message)
    assert (again.version, again.revision) == (first.version, first.revision)
    assert list(again.stored) == []
    assert admin.registry.records == before


def test_repeating_an_apply_does_not_bring_back_an_older_draft() -> None:
    admin = ready()
    apply = admin.command("apply", "enterprise", definition=definition_of(model()))
    admin.give(apply)
    admin.apply(LOW)
    assert admin.give(apply).repeated
    entry = admin.registry.model("enterprise")
    assert entry is not None
    assert entry.draft == LOW


def test_repeating_a_refused_command_is_refused_also_when_it_could_be_accepted_by_now() -> None:
    admin = ModelAdmin(live=["engagement", "demographic"])
    admin.apply(model())
    publish = admin.command("publish", "enterprise")
    assert not admin.give(publish).accepted
    admin.enable()
    assert admin.give(publish).code == "lead_management_off"
    assert admin.publish("enterprise").accepted


def test_repeating_a_command_on_the_feature_switch_does_not_move_it_again() -> None:
    admin = ModelAdmin()
    admin.enable(command_id="c-x")
    admin.disable()
    assert admin.enable(command_id="c-x").repeated
    assert not admin.registry.enabled("lead-management")


def remembered_by(result: Result) -> ProcessedCommands:
    [processed] = [one for one in result.stored if isinstance(one, ProcessedCommands)]
    return processed


def test_so_many_commands_are_remembered_per_entry_and_no_more() -> None:
    admin = ready()
    first = admin.command("stop", "enterprise")
    admin.give(first)
    for _ in range(MOST_COMMANDS - 1):
        admin.stop("enterprise")
        admin.stop("other")
    assert admin.answer(first).repeated
    result = admin.stop("enterprise")
    assert not admin.answer(first).repeated
    assert len(remembered_by(result).answers) == MOST_COMMANDS


def test_a_model_can_be_stopped_after_hundreds_of_unchanged_applies_with_long_warnings() -> None:
    admin = with_live()
    long = model(criteria={f"{'scoring model of a long name ' * 4}{number}": 1 for number in range(30)})
    for _ in range(500):
        warnings = admin.apply(long, draft=True).warnings
        assert (len(warnings), warnings[10]) == (11, "and 20 more")
    stopped = admin.stop("enterprise")
    assert stopped.code == "stopped"
    assert len(encode_stored(remembered_by(stopped))) < 256 * 1024


# Invalid definitions


def test_an_invalid_definition_is_refused_by_field_and_changes_nothing() -> None:
    admin = ready()
    definition = {**definition_of(model()), "criteria": [{"scoring_model": "engagement", "threshold": "high"}]}
    result = admin.give(admin.command("apply", "enterprise", definition=definition))
    assert (result.accepted, result.code, result.entry) == (False, "invalid_model", None)
    assert result.message == "criteria.0.threshold: must be a number, found text"
    other = admin.give(admin.command("apply", "enterprise", definition={**definition_of(model("other"))}))
    assert (other.code, other.message) == ("invalid_model", "id: must be enterprise, as the command says")


# The feature switch


def test_lead_management_is_off_until_an_administrator_turns_it_on() -> None:
    admin = ModelAdmin()
    assert not admin.rules().lead_management
    admin.enable(issued_by="root", issued_at=minute(5))
    assert admin.rules().lead_management
    assert admin.registry.records["feature/lead-management"] == FeatureEntry(
        name="lead-management", revision=1, enabled=True, changed_at=minute(5), changed_by="root"
    )


def test_turning_on_what_is_on_changes_nothing() -> None:
    admin = ModelAdmin(enabled=True)
    result = admin.enable()
    assert (result.accepted, result.code, result.entry, result.revision) == (True, "unchanged", None, 1)


def test_turning_off_says_what_that_means() -> None:
    result = ModelAdmin(enabled=True).disable()
    assert result.code == "disabled"
    assert "nothing qualifies until it is on again" in result.message


def test_an_unknown_feature_is_refused_by_name() -> None:
    admin = ModelAdmin()
    result = admin.switch(True, "lead-scoring")
    assert (result.accepted, result.code, result.entry) == (False, "unknown_feature", None)
    assert result.message == "there is no feature lead-scoring: the only one is lead-management"


def test_a_feature_command_meant_for_another_revision_is_refused() -> None:
    admin = ModelAdmin(enabled=True)
    assert admin.disable(expected_revision=7).code == "stale_revision"
    assert admin.disable(expected_revision=1).accepted


# Scoring models


@pytest.mark.parametrize(
    ("at", "code", "status"),
    [(9, "stale", "live"), (10, "observed", "stopped"), (11, "observed", "stopped")],
    ids=["older: ignored", "same time: the later word counts", "newer"],
)
def test_a_scoring_model_is_what_the_newest_word_says(at: int, code: str, status: str) -> None:
    admin = ModelAdmin()
    admin.scoring("engagement", "live", at=10)
    assert admin.scoring("engagement", "stopped", at=at).code is code
    entry = admin.registry.scoring_model("engagement")
    assert entry is not None
    assert entry.status == status


def test_what_says_nothing_new_takes_no_revision_but_its_time_is_held() -> None:
    admin = ModelAdmin()
    admin.scoring("engagement", "live", at=10)
    result = admin.scoring("engagement", "live", at=20)
    assert (result.code, result.revision, admin.registry.revision) == ("unchanged", 1, 1)
    assert result.entry is None, "nothing that workers need to know"
    assert result.stored == (ScoringModelEntry(id="engagement", revision=1, status="live", occurred_at=minute(20)),)
    assert admin.scoring("engagement", "stopped", at=15).code == "stale"


def test_a_repeated_word_on_a_scoring_model_changes_nothing() -> None:
    admin = ModelAdmin()
    admin.scoring("engagement", "live", at=10)
    assert list(admin.scoring("engagement", "live", at=10).stored) == []


def test_a_new_name_of_a_scoring_model_is_news() -> None:
    admin = ModelAdmin()
    admin.scoring("engagement", "live", at=10)
    assert admin.scoring("engagement", "live", at=11, title="Engagement").code == "observed"


def test_a_scoring_model_that_stops_degrades_the_live_models_that_name_it_and_stops_none() -> None:
    admin = with_live()
    admin.scoring("demographic", "stopped")
    current = admin.rules()
    assert current.models["enterprise"].live
    assert current.degraded(current.models["enterprise"]) == ("demographic",)


# What workers see


def test_a_snapshot_has_drafts_and_stopped_models_too_so_that_their_events_have_an_outcome() -> None:
    admin = with_stopped()
    admin.apply(model("draft", criteria={"engagement": 5}))
    assert [(one.id, one.live, one.version) for one in admin.rules().naming("engagement")] == [
        ("draft", False, 0),
        ("enterprise", False, 1),
    ]


def test_a_snapshot_tells_what_a_sweep_is_triggered_by() -> None:
    admin = with_draft()
    admin.publish("enterprise", command_id="c-x", offset=918, issued_at=minute(50) + timedelta(seconds=1))
    ruled = admin.rules().models["enterprise"]
    assert (ruled.publish_command_id, ruled.published_revision, ruled.version) == ("c-x", 5, 1)
    assert (ruled.published_at, ruled.publish_command_offset) == (minute(50) + timedelta(seconds=1), 918)
    assert ruled.definition.existing_leads == "evaluate"
