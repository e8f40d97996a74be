"""Whatever commands come in whichever order: a plain model of the lifecycle foretells the registry's every answer."""

from dataclasses import dataclass, replace
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from lead_qualifier.qualification.commands import Code, Issued, ScoringModelChange, Verdict
from lead_qualifier.qualification.entries import LEAD_MANAGEMENT, Answers, decode_entry, encode_entry
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.registry import Registry
from lead_qualifier.qualification.snapshot import rules_from
from tests.support.examples import examples
from tests.unit.qualification.given import minute, model

MODEL_IDS = ("a", "b")
SCORING_MODELS = ("engagement", "demographic")
ScoringStatus = Literal["draft", "live", "stopped"]

definitions = st.builds(
    lambda model_id, names, threshold: model(model_id, criteria=dict.fromkeys(sorted(names), threshold)),
    st.sampled_from(MODEL_IDS),
    st.sets(st.sampled_from(SCORING_MODELS), min_size=1),
    st.sampled_from([10.0, 20.0]),
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
        self.registry = Registry()
        self.models = dict.fromkeys(MODEL_IDS, Expected())
        self.scoring: dict[str, tuple[ScoringStatus, int, float | None]] = {}
        self.enabled = False
        self.feature_revision = 0
        self.revision = 0
        self.commands = 0
        self.versions: dict[tuple[str, int], QualificationModel] = {}

    # Commands

    @rule(target=issued, definition=definitions, beside=st.booleans(), belief=beliefs)
    def apply(self, definition: QualificationModel, beside: bool, belief: str) -> object:
        now = self.models[definition.id]
        command = self.command(now.revision, belief)
        verdict = self.registry.apply_model(definition, command, beside=beside)
        if belief == "wrong":
            self.expect_refusal(verdict, Code.STALE_REVISION)
        elif now.status == "live" and not beside:
            self.expect_refusal(verdict, Code.MODEL_LIVE)
        elif self.out_of_reach(definition):
            self.expect_refusal(verdict, Code.THRESHOLD_ABOVE_MAXIMUM)
        elif now.next == definition and now.status != "absent":
            self.expect_nothing_new(verdict)
        elif now.status == "live" and now.published == definition:
            self.expect_change(verdict, Code.APPLIED)
            self.models[definition.id] = replace(now, draft=None, shadow=False, revision=self.revision)
        else:
            status = "draft" if now.status == "absent" else now.status
            self.expect_change(verdict, Code.APPLIED)
            self.models[definition.id] = replace(now, status=status, draft=definition, revision=self.revision)
        hindered = not self.enabled or any(not self.is_live(one.scoring_model) for one in definition.criteria)
        assert bool(verdict.warnings) == (verdict.accepted and hindered)
        assert verdict.definition == (definition if verdict.entry is not None else None)
        return "apply", (definition, beside), command

    @rule(target=issued, model_id=model_ids, replacing=st.booleans(), belief=beliefs)
    def publish(self, model_id: str, replacing: bool, belief: str) -> object:
        now = self.models[model_id]
        command = self.command(now.revision, belief)
        verdict = self.registry.publish(model_id, command, replacing=replacing)
        if now.status == "absent" or now.next is None:
            self.expect_refusal(verdict, Code.UNKNOWN_MODEL)
        elif belief == "wrong":
            self.expect_refusal(verdict, Code.STALE_REVISION)
        elif now.status == "live" and not replacing:
            self.expect_refusal(verdict, Code.MODEL_LIVE)
        elif now.status != "live" and replacing:
            self.expect_refusal(verdict, Code.MODEL_NOT_LIVE)
        elif now.draft is None and replacing:
            self.expect_refusal(verdict, Code.NO_DRAFT)
        elif not self.enabled:
            self.expect_refusal(verdict, Code.LEAD_MANAGEMENT_OFF)
        elif any(not self.is_live(one.scoring_model) for one in now.next.criteria):
            self.expect_refusal(verdict, Code.SCORING_MODEL_NOT_LIVE)
        elif self.out_of_reach(now.next):
            self.expect_refusal(verdict, Code.THRESHOLD_ABOVE_MAXIMUM)
        else:
            self.expect_change(verdict, Code.PUBLISHED)
            assert verdict.version == now.version + 1
            assert verdict.definition == now.next
            self.models[model_id] = Expected("live", now.version + 1, self.revision, None, now.next)
        return "publish", (model_id, replacing), command

    @rule(target=issued, model_id=model_ids, enabled=st.booleans(), belief=beliefs)
    def shadow(self, model_id: str, enabled: bool, belief: str) -> object:
        now = self.models[model_id]
        command = self.command(now.revision, belief)
        verdict = self.registry.shadow(model_id, enabled, command)
        if now.status == "absent":
            self.expect_refusal(verdict, Code.UNKNOWN_MODEL)
        elif belief == "wrong":
            self.expect_refusal(verdict, Code.STALE_REVISION)
        elif enabled and now.status != "live":
            self.expect_refusal(verdict, Code.MODEL_NOT_LIVE)
        elif enabled and now.draft is None:
            self.expect_refusal(verdict, Code.NO_DRAFT)
        elif now.shadow == enabled:
            self.expect_nothing_new(verdict)
        else:
            self.expect_change(verdict, Code.SHADOW_ON if enabled else Code.SHADOW_OFF)
            self.models[model_id] = replace(now, shadow=enabled, revision=self.revision)
        return "shadow", (model_id, enabled), command

    @rule(target=issued, model_id=model_ids, belief=beliefs)
    def stop(self, model_id: str, belief: str) -> object:
        now = self.models[model_id]
        command = self.command(now.revision, belief)
        verdict = self.registry.stop(model_id, command)
        if now.status == "absent":
            self.expect_refusal(verdict, Code.UNKNOWN_MODEL)
        elif belief == "wrong":
            self.expect_refusal(verdict, Code.STALE_REVISION)
        elif now.status != "live":
            self.expect_refusal(verdict, Code.MODEL_NOT_LIVE)
        else:
            self.expect_change(verdict, Code.STOPPED)
            self.models[model_id] = replace(now, status="stopped", shadow=False, revision=self.revision)
        return "stop", model_id, command

    @rule(target=issued, model_id=model_ids, belief=beliefs)
    def delete(self, model_id: str, belief: str) -> object:
        now = self.models[model_id]
        command = self.command(now.revision, belief)
        verdict = self.registry.delete(model_id, command)
        if now.status == "absent":
            self.expect_refusal(verdict, Code.UNKNOWN_MODEL)
        elif belief == "wrong":
            self.expect_refusal(verdict, Code.STALE_REVISION)
        elif now.status == "live":
            self.expect_refusal(verdict, Code.MODEL_LIVE)
        else:
            self.expect_change(verdict, Code.DELETED)
            self.models[model_id] = Expected("absent", now.version, self.revision)
        return "delete", model_id, command

    @rule(target=issued, enabled=st.sampled_from([True, True, False]), belief=beliefs)
    def switch(self, enabled: bool, belief: str) -> object:
        command = self.command(self.feature_revision, belief)
        verdict = self.registry.set_feature(LEAD_MANAGEMENT, enabled, command)
        if belief == "wrong":
            self.expect_refusal(verdict, Code.STALE_REVISION)
        elif self.enabled == enabled and self.feature_revision:
            self.expect_nothing_new(verdict)
        else:
            self.expect_change(verdict, Code.ENABLED if enabled else Code.DISABLED)
            self.enabled, self.feature_revision = enabled, self.revision
        return "switch", enabled, command

    @rule(
        name=st.sampled_from(SCORING_MODELS),
        status=st.sampled_from(["live", "live", "draft", "stopped"]),
        at=st.integers(0, 9),
        maximum=st.sampled_from([None, None, 20.0, 15.0]),
    )
    def observe(self, name: str, status: ScoringStatus, at: int, maximum: float | None) -> None:
        held = self.scoring.get(name)
        verdict = self.registry.observe_scoring_model(
            ScoringModelChange(id=name, status=status, occurred_at=minute(at), maximum=maximum)
        )
        if held is not None and at < held[1]:
            self.expect_refusal(verdict, Code.STALE)
            return
        if held is not None and (held[0], held[2]) == (status, maximum):
            assert verdict.code is Code.UNCHANGED
            self.take(verdict)
        else:
            self.expect_change(verdict, Code.OBSERVED)
        self.scoring[name] = status, at, maximum

    @rule(sent=issued)
    def repeat(self, sent: tuple[str, object, Issued]) -> None:
        """A command that came before is answered by memory and changes nothing, whatever happened since."""
        kind, what, command = sent
        match kind, what:
            case "apply", (QualificationModel() as definition, bool(beside)):
                verdict = self.registry.apply_model(definition, command, beside=beside)
            case "publish", (str(model_id), bool(replacing)):
                verdict = self.registry.publish(model_id, command, replacing=replacing)
            case "shadow", (str(model_id), bool(enabled)):
                verdict = self.registry.shadow(model_id, enabled, command)
            case "switch", bool():
                verdict = self.registry.set_feature(LEAD_MANAGEMENT, what, command)
            case _:
                verdict = getattr(self.registry, kind)(what, command)
        assert verdict.repeated
        assert list(verdict.stored()) == []

    @rule(target=issued)
    def restart(self) -> object:
        """A decider that starts again from what is stored goes on as if nothing had been."""
        stored = {key: decode_entry(encode_entry(entry)) for key, entry in self.registry.entries.items()}
        assert stored == self.registry.entries
        self.registry = Registry(stored)
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
        current = rules_from(self.registry.entries)
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
        for model_id, ruled in rules_from(self.registry.entries).models.items():
            if ruled.live:
                first = self.versions.setdefault((model_id, ruled.version), ruled.definition)
                assert ruled.definition == first

    # What is expected of a verdict

    def command(self, revision: int, belief: str) -> Issued:
        self.commands += 1
        expected = {"any": None, "right": revision, "wrong": revision + 1}[belief]
        return Issued(
            command_id=f"c-{self.commands}",
            issued_by="anna",
            issued_at=minute(self.commands),
            expected_revision=expected,
        )

    def expect_change(self, verdict: Verdict, code: Code) -> None:
        assert (verdict.accepted, verdict.code) == (True, code)
        assert verdict.entry is not None
        assert verdict.entry.revision == verdict.revision == self.revision + 1, "revisions rise one by one"
        self.revision += 1
        self.take(verdict)

    def expect_refusal(self, verdict: Verdict, code: Code) -> None:
        assert (verdict.accepted, verdict.code) == (False, code)
        self.expect_no_entry(verdict)

    def expect_nothing_new(self, verdict: Verdict) -> None:
        assert (verdict.accepted, verdict.code) == (True, Code.UNCHANGED)
        self.expect_no_entry(verdict)

    def expect_no_entry(self, verdict: Verdict) -> None:
        assert verdict.message
        assert verdict.entry is None
        before = {key: entry for key, entry in self.registry.entries.items() if not isinstance(entry, Answers)}
        self.take(verdict)
        assert before == {key: one for key, one in self.registry.entries.items() if not isinstance(one, Answers)}

    def take(self, verdict: Verdict) -> None:
        before = dict(self.registry.entries)
        after = self.registry.after(verdict)
        assert self.registry.entries == before, "judging and taking leave the former registry as it was"
        self.registry = after

    def out_of_reach(self, definition: QualificationModel) -> bool:
        highest = {name: maximum for name, (_, _, maximum) in self.scoring.items() if maximum is not None}
        return any(one.threshold > highest.get(one.scoring_model, one.threshold) for one in definition.criteria)

    def is_live(self, scoring_model: str) -> bool:
        return scoring_model in self.scoring and self.scoring[scoring_model][0] == "live"


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = examples(150, stateful_step_count=30)
