"""One immutable snapshot of all that decides besides the lead: models, live scoring models, the feature switch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from types import MappingProxyType
from typing import Literal

from lead_qualifier.qualification.conditions import Condition, condition_of
from lead_qualifier.qualification.criteria import Criterion, required
from lead_qualifier.qualification.flags import FLAGS, Flag
from lead_qualifier.qualification.models import QualificationModel

UnknownLeads = Literal["open", "ineligible"]
"""How to treat leads of which no lead-changed is held."""


Check = tuple[str, float, Criterion | None]
"""What a score is compared with: the scoring model, the least score (any, if the criterion asks for grades), and the
criterion itself if it asks for more than that.
"""


def _check(criterion: Criterion, least: float | None) -> Check:
    asks_more = criterion.grades or criterion.max_age is not None
    return criterion.scoring_model, -inf if least is None else least, criterion if asks_more else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledModel:
    """A model as it stands in a snapshot. `version` 0: never published.

    `published_revision`, `publish_command_id`, `publish_command_offset` (in its topic) and `published_at` (when the
    command was issued) are about the newest publish, which triggers a sweep of existing leads. `shadow`: the draft
    that is compared with this live version, and has no other effect.
    """

    definition: QualificationModel
    version: int
    live: bool
    published_revision: int = 0
    publish_command_id: str | None = None
    publish_command_offset: int = 0
    published_at: datetime | None = None
    shadow: "RuledModel | None" = None
    # Laid out for what runs for every event: the definition's id, the flags that it sets, the scoring models that it
    # names, what each criterion asks for, the same with the score below which it has fallen, whether any asks for an
    # age or grades, how many may be missed, whether it keeps an eye on scores between events, and its conditions on
    # the lead.
    id: str = field(init=False, repr=False, compare=False)
    flags: tuple[Flag, ...] = field(init=False, repr=False, compare=False)
    scoring_models: tuple[str, ...] = field(init=False, repr=False, compare=False)
    checks: tuple[Check, ...] = field(init=False, repr=False, compare=False)
    floors: tuple[Check, ...] = field(init=False, repr=False, compare=False)
    asks_more: bool = field(init=False, repr=False, compare=False)
    may_miss: int = field(init=False, repr=False, compare=False)
    remembers: bool = field(init=False, repr=False, compare=False)
    audience: Condition | None = field(init=False, repr=False, compare=False)
    fast_track: Condition | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        definition = self.definition
        criteria = definition.criteria
        lay_out = object.__setattr__
        lay_out(self, "id", definition.id)
        lay_out(self, "flags", tuple(flag for flag in FLAGS if flag.name in definition.actions.flags))
        lay_out(self, "scoring_models", tuple(dict.fromkeys(one.scoring_model for one in criteria)))
        lay_out(self, "checks", tuple(_check(one, one.threshold) for one in criteria))
        lay_out(self, "floors", tuple(_check(one, one.floor) for one in criteria))
        lay_out(self, "asks_more", any(more is not None for _, _, more in self.checks))
        lay_out(self, "may_miss", len(criteria) - required(definition.match, len(criteria)))
        lay_out(self, "remembers", definition.hold is not None or definition.requalification.policy == "on_recross")
        lay_out(self, "audience", None if definition.audience is None else condition_of(definition.audience))
        lay_out(self, "fast_track", None if definition.fast_track is None else condition_of(definition.fast_track))

    @property
    def watches_changes(self) -> bool:
        """Whether a change of a lead may evaluate it, or its shadow."""
        if self.audience is not None or self.fast_track is not None:
            return True
        return self.shadow is not None and self.shadow.watches_changes

    @property
    def by_age(self) -> bool:
        """Whether it has a criterion with a `max_age`, or the draft in its shadow has."""
        aged = any(one.max_age is not None for one in self.definition.criteria)
        return aged or (self.shadow is not None and self.shadow.by_age)

    @property
    def evaluates_existing_leads(self) -> bool:
        """Whether publishing it sweeps the known leads."""
        return self.live and self.definition.existing_leads == "evaluate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules at one revision. `models` by id: live, draft and stopped ones, no deleted ones."""

    revision: int
    lead_management: bool
    live_scoring_models: frozenset[str]
    models: Mapping[str, RuledModel]
    unknown_leads: UnknownLeads = "open"
    by_age: bool = field(init=False, repr=False, compare=False)
    """Whether the age of a score counts for any of the models."""
    evaluating_existing_leads: tuple[RuledModel, ...] = field(init=False, repr=False, compare=False)
    """The live models whose publish sweeps the known leads, in the order of their ids."""
    watching_changes: tuple[RuledModel, ...] = field(init=False, repr=False, compare=False)
    """The live models that a change of a lead may evaluate, in the order of their ids."""
    _naming: Mapping[str, tuple[RuledModel, ...]] = field(init=False, repr=False, compare=False)
    _shadowed: Mapping[str, tuple[RuledModel, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        in_order = {model_id: self.models[model_id] for model_id in sorted(self.models)}
        naming: dict[str, tuple[RuledModel, ...]] = {}
        shadowed: dict[str, tuple[RuledModel, ...]] = {}
        for model in in_order.values():
            for scoring_model in model.scoring_models:
                naming[scoring_model] = (*naming.get(scoring_model, ()), model)
            if model.shadow is not None:
                for scoring_model in dict.fromkeys((*model.scoring_models, *model.shadow.scoring_models)):
                    shadowed[scoring_model] = (*shadowed.get(scoring_model, ()), model)
        object.__setattr__(self, "models", MappingProxyType(in_order))
        object.__setattr__(self, "by_age", any(model.by_age for model in in_order.values()))
        evaluating = tuple(model for model in in_order.values() if model.evaluates_existing_leads)
        object.__setattr__(self, "evaluating_existing_leads", evaluating)
        watching = tuple(model for model in in_order.values() if model.live and model.watches_changes)
        object.__setattr__(self, "watching_changes", watching)
        object.__setattr__(self, "_naming", naming)
        object.__setattr__(self, "_shadowed", shadowed)

    def naming(self, scoring_model_id: str) -> tuple[RuledModel, ...]:
        """The models that a score on this scoring model concerns, live or not, in the order of their ids."""
        return self._naming.get(scoring_model_id, ())

    def shadowed(self, scoring_model_id: str) -> tuple[RuledModel, ...]:
        """The models whose draft runs in shadow, where the live version or the draft names this scoring model."""
        return self._shadowed.get(scoring_model_id, ())

    def degraded(self, model: RuledModel) -> tuple[str, ...]:
        """The scoring models it names that are not live: their scores do not count as met."""
        return tuple(name for name in model.scoring_models if name not in self.live_scoring_models)
