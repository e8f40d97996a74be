"""Whatever commands come in whichever order: a plain model of the lifecycle foretells the registry's every answer."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from lead_qualifier.definitions.commands import Command, CommandResult, DefinitionCommand
from lead_qualifier.definitions.qualification_models.entries import (
    LEAD_MANAGEMENT,
    ProcessedCommands,
    decode_stored,
    encode_stored,
)
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry, ScoringModelChange
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.examples import examples
from tests.support.model_admin import fits
from tests.unit.qualification.given import minute, model

MODEL_IDS = ("a", "b")
SCORING_MODELS = ("engagement", "demographic")
ScoringStatus = Literal["draft", "live", "stopped"]

GRADED = {"grades": ("A",), "max_age": timedelta(days=9)}

definitions = st.builds(
    lambda model_id, names, asked: model(model_id, criteria=tuple(Criterion(name, **asked) for name in sorted(names))),
    st.sampled_from(MODEL_IDS),
    st.sets(st.sampled_from(SCORING_MODELS), min_size=1),
    st.sampled_from([{"threshold": 10.0}, {"threshold": 20.0}, GRADED]),
)
model_ids = st.sampled_from(MODEL_IDS)
# Which revision the issuer believes in: none in particular, the right one, or one that is not.
beliefs = st.sampled_from(["any", "any", "any", "right", "wrong"])


@dataclass(frozen=True)
class Expected:
    """A model as it should stand."""

    status: str = "absent"
    version: int = 0
    revision: int = 0
    draft: QualificationModel | None = None
    published: QualificationModel | None = None
    shadow: bool = False

    @property
    def next(self) -> QualificationModel | None:
        return self.draft or self.published


class Lifecycle(RuleBasedStateMachine):
    issued = Bundle("issued")

    def __init__(self) -> None:
        super().__init__()
        self.registry = ModelRegistry()
        self.models = dict.fromkeys(MODEL_IDS, Expected())
        self.scoring: dict[str, tuple[ScoringStatus, int, float | None]] = {}
        self.enabled = False
        self.feature_revision = 0
        self.revision = 0
        self.commands = 0
        self.versions: dict[tuple[str, int], QualificationModel] = {}

    # Commands

    @rule(target=issued, definition=definitions, draft=st.booleans(), belief=beliefs)
    def apply(self, definition: QualificationModel, draft: bool, belief: str) -> object:
        now = self.models[definition.id]
        command = self.command(
            "apply", definition.id, now.revision, belief, definition=definition_of(definition), draft=draft
        )
        result = self.handle(command)
        if belief == "wrong":
            self.expect_refusal(result, "stale_revision")
        elif now.status == "live" and not draft:
            self.expect_refusal(result, "model_live")
        elif self.out_of_reach(definition):
            self.expect_refusal(result, "threshold_above_maximum")
        elif now.next == definition and now.status != "absent":
            self.expect_nothing_new(result)
        elif now.status == "live" and now.published == definition:
            self.expect_change(result, "applied")
            self.models[definition.id] = replace(now, draft=None, shadow=False, revision=self.revision)
        else:
            status = "draft" if now.status == "absent" else now.status
            self.expect_change(result, "applied")
            self.models[definition.id] = replace(now, status=status, draft=definition, revision=self.revision)
        hindered = not self.enabled or any(not self.is_live(one.scoring_model) for one in definition.criteria)
        has_grades = any(one.grades for one in definition.criteria)
        assert bool(result.warnings) == (result.accepted and (hindered or has_grades))
        assert result.definition == (definition_of(definition) if result.entry is not None else None)
        return command

    @rule(target=issued, model_id=model_ids, replace_=st.booleans(), belief=beliefs)
    def publish(self, model_id: str, replace_: bool, belief: str) -> object:
        now = self.models[model_id]
        command = self.command("publish", model_id, now.revision, belief, replace=replace_)
        result = self.handle(command)
        if now.status == "absent" or now.next is None:
            self.expect_refusal(result, "unknown_model")
        elif belief == "wrong":
            self.expect_refusal(result, "stale_revision")
        elif now.status == "live" and not replace_:
            self.expect_refusal(result, "model_live")
        elif now.status != "live" and replace_:
            self.expect_refusal(result, "model_not_live")
        elif now.draft is None and replace_:
            self.expect_refusal(result, "no_draft")
        elif not self.enabled:
            self.expect_refusal(result, "lead_management_off")
        elif any(not self.is_live(one.scoring_model) for one in now.next.criteria):
            self.expect_refusal(result, "scoring_model_not_live")
        elif self.out_of_reach(now.next):
            self.expect_refusal(result, "threshold_above_maximum")
        else:
            self.expect_change(result, "published")
            assert result.version == now.version + 1
            assert result.definition == definition_of(now.next)
            self.models[model_id] = Expected("live", now.version + 1, self.revision, None, now.next)
        return command

    @rule(target=issued, model_id=model_ids, enabled=st.booleans(), belief=beliefs)
    def shadow(self, model_id: str, enabled: bool, belief: str) -> object:
        now = self.models[model_id]
        command = self.command("shadow", model_id, now.revision, belief, enabled=enabled)
        result = self.handle(command)
        if now.status == "absent":
            self.expect_refusal(result, "unknown_model")
        elif belief == "wrong":
            self.expect_refusal(result, "stale_revision")
        elif enabled and now.status != "live":
            self.expect_refusal(result, "model_not_live")
        elif enabled and now.draft is None:
            self.expect_refusal(result, "no_draft")
        elif now.shadow == enabled:
            self.expect_nothing_new(result)
        else:
            self.expect_change(result, "shadow_on" if enabled else "shadow_off")
            self.models[model_id] = replace(now, shadow=enabled, revision=self.revision)
        return command

    @rule(target=issued, model_id=model_ids, belief=beliefs)
    def stop(self, model_id: str, belief: str) -> object:
        now = self.models[model_id]
        command = self.command("stop", model_id, now.revision, belief)
        result = self.handle(command)
        if now.status == "absent":
            self.expect_refusal(result, "unknown_model")
        elif belief == "wrong":
            self.expect_refusal(result, "stale_revision")
        elif now.status != "live":
            self.expect_refusal(result, "model_not_live")
        else:
            self.expect_change(result, "stopped")
            self.models[model_id] = replace(now, status="stopped", shadow=False, revision=self.revision)
        return command

    @rule(target=issued, model_id=model_ids, belief=beliefs)
    def delete(self, model_id: str, belief: str) -> object:
        now = self.models[model_id]
        command = self.command("delete", model_id, now.revision, belief)
        result = self.handle(command)
        if now.status == "absent":
            self.expect_refusal(result, "unknown_model")
        elif belief == "wrong":
            self.expect_refusal(result, "stale_revision")
        elif now.status == "live":
            self.expect_refusal(result, "model_live")
        else:
            self.expect_change(result, "deleted")
            self.models[model_id] = Expected("absent", now.version, self.revision)
        return command

    @rule(target=issued, enabled=st.sampled_from([True, True, False]), belief=beliefs)
    def switch(self, enabled: bool, belief: str) -> object:
        command = Command(id=LEAD_MANAGEMENT, **self.issued_now(self.feature_revision, belief))
        result = self.switch_feature(command, enabled)
        if belief == "wrong":
            self.expect_refusal(result, "stale_revision")
        elif self.enabled == enabled and self.feature_revision:
            self.expect_nothing_new(result)
        else:
            self.expect_change(result, "enabled" if enabled else "disabled")
            self.enabled, self.feature_revision = enabled, self.revision
        return command, enabled

    @rule(
        name=st.sampled_from(SCORING_MODELS),
        status=st.sampled_from(["live", "live", "draft", "stopped"]),
        at=st.integers(0, 9),
        maximum=st.sampled_from([None, None, 20.0, 15.0]),
    )
    def observe(self, name: str, status: ScoringStatus, at: int, maximum: float | None) -> None:
        held = self.scoring.get(name)
        result = self.registry.observe_scoring_model(
            ScoringModelChange(id=name, status=status, occurred_at=minute(at), maximum=maximum), IN_ENGLISH
        )
        if held is not None and at < held[1]:
            self.expect_refusal(result, "stale")
            return
        if held is not None and (held[0], held[2]) == (status, maximum):
            assert result.code == "unchanged"
            self.take(result)
        else:
            self.expect_change(result, "observed")
        self.scoring[name] = status, at, maximum

    @rule(sent=issued)
    def repeat(self, sent: DefinitionCommand | tuple[Command, bool]) -> None:
        """A command that came before is answered by memory and changes nothing, whatever happened since."""
        result = self.switch_feature(*sent) if isinstance(sent, tuple) else self.handle(sent)
        assert result.repeated
        assert result.stored == ()

    @rule(target=issued)
    def restart(self) -> object:
        """A processor that starts again from what is stored goes on as if nothing had been."""
        stored = {key: decode_stored(encode_stored(entry)) for key, entry in self.registry.records.items()}
        assert stored == self.registry.records
        self.registry = ModelRegistry(stored)
        return multiple()

    # What holds at any time

    @invariant()
    def the_registry_stands_as_foretold(self) -> None:
        assert self.registry.revision == self.revision
        for model_id, expected in self.models.items():
            entry = self.registry.model(model_id)
            if expected.status == "absent":
                assert entry is None
            else:
                assert entry is not None
                assert not entry.shadow or (entry.status == "live" and entry.draft is not None)
                actual = Expected(
                    entry.status, entry.version, entry.revision, entry.draft, entry.published, entry.shadow
                )
                assert actual == expected

    @invariant()
    def workers_see_what_is_published_and_nothing_else_live(self) -> None:
        current = rules_from(self.registry.records)
        assert current.revision == self.revision
        assert current.lead_management is self.enabled
        assert current.live_scoring_models == {name for name in SCORING_MODELS if self.is_live(name)}
        present = {name: one for name, one in self.models.items() if one.status != "absent"}
        assert current.models.keys() == present.keys()
        for name, expected in present.items():
            ruled = current.models[name]
            assert ruled.live is (expected.status == "live")
            assert ruled.version == expected.version
            assert ruled.definition == (expected.published if ruled.live else expected.next)
            assert (ruled.shadow and ruled.shadow.definition) == (expected.draft if expected.shadow else None)

    @invariant()
    def a_version_never_changes(self) -> None:
        for model_id, ruled in rules_from(self.registry.records).models.items():
            if ruled.live:
                first = self.versions.setdefault((model_id, ruled.version), ruled.definition)
                assert ruled.definition == first

    # What is expected of a result

    def command(self, action: Any, model_id: str, revision: int, belief: str, **fields: Any) -> DefinitionCommand:
        return DefinitionCommand(action=action, id=model_id, **self.issued_now(revision, belief), **fields)

    def issued_now(self, revision: int, belief: str) -> dict[str, Any]:
        self.commands += 1
        expected = {"any": None, "right": revision, "wrong": revision + 1}[belief]
        return {
            "command_id": f"c-{self.commands}",
            "issued_by": "anna",
            "issued_at": minute(self.commands),
            "expected_revision": expected,
        }

    def handle(self, command: DefinitionCommand) -> CommandResult[Any]:
        return self.registry.handle(command, IN_ENGLISH, fits)

    def switch_feature(self, command: Command, enabled: bool) -> CommandResult[Any]:
        return self.registry.set_feature(command, enabled=enabled, wording=IN_ENGLISH, fits=fits)

    def expect_change(self, result: CommandResult[Any], code: str) -> None:
        assert (result.accepted, result.code) == (True, code)
        assert result.entry is not None
        assert result.entry.revision == result.revision == self.revision + 1, "revisions rise one by one"
        self.revision += 1
        self.take(result)

    def expect_refusal(self, result: CommandResult[Any], code: str) -> None:
        assert (result.accepted, result.code) == (False, code)
        self.expect_no_entry(result)

    def expect_nothing_new(self, result: CommandResult[Any]) -> None:
        assert (result.accepted, result.code) == (True, "unchanged")
        self.expect_no_entry(result)

    def expect_no_entry(self, result: CommandResult[Any]) -> None:
        assert result.message
        assert result.entry is None
        before = {
            key: entry for key, entry in self.registry.records.items() if not isinstance(entry, ProcessedCommands)
        }
        self.take(result)
        assert before == {
            key: one for key, one in self.registry.records.items() if not isinstance(one, ProcessedCommands)
        }

    def take(self, result: CommandResult[Any]) -> None:
        before = dict(self.registry.records)
        after = self.registry.after(result)
        assert self.registry.records == before, "judging and taking leave the former registry as it was"
        self.registry = after

    def out_of_reach(self, definition: QualificationModel) -> bool:
        highest = {name: maximum for name, (_, _, maximum) in self.scoring.items() if maximum is not None}
        bars = [(one.scoring_model, one.threshold) for one in definition.criteria if one.threshold is not None]
        return any(threshold > highest.get(scoring_model, threshold) for scoring_model, threshold in bars)

    def is_live(self, scoring_model: str) -> bool:
        return scoring_model in self.scoring and self.scoring[scoring_model][0] == "live"


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = examples(150, stateful_step_count=30)
