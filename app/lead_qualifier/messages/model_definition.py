"""A qualification model as people and commands write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, cast, final

from pydantic import ConfigDict, Discriminator, Field, GetCoreSchemaHandler, GetPydanticSchema, Tag, with_config
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.messages.fields import FORM, Id, Number, plain
from lead_qualifier.messages.lead_flags import ActionsDefinition, actions_definition
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member

if TYPE_CHECKING:
    from lead_qualifier.qualification.models import QualificationModel, Recycling

#: People write definitions: an unknown field is a mistake, and is refused by name.
_CLOSED = ConfigDict(strict=True, extra="forbid")


@with_config(_CLOSED)
class AtLeastDefinition(TypedDict):
    """A number of the criteria."""

    at_least: Annotated[int, Field(ge=1, description="How many; not more than there are criteria.")]


def _match_schema(_source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    return core_schema.union_schema(
        [handler.generate_schema(Literal["all", "any"]), handler.generate_schema(AtLeastDefinition)],
        custom_error_type="match",
        custom_error_message="must be all, any or {at_least: k}",
    )


MatchDefinition = Annotated[Literal["all", "any"] | AtLeastDefinition, GetPydanticSchema(_match_schema)]
"""How many criteria must be met: `all`, `any`, or `{at_least: 2}`."""


Duration = Annotated[str, Field(pattern="^[0-9]{1,8}[smhdw]$")]
"""A whole number and a unit, as people write it."""

_ScoringModel = Annotated[
    Id, Field(description="The scoring model. It must be live when the qualification model is published.")
]
_MaxAge = Annotated[
    Duration,
    Field(
        description="A score older than this at the time of a decision does not count, such as 90d. Absent: every "
        "score counts."
    ),
]


@final
@with_config(_CLOSED)
class CriterionDefinition(TypedDict):
    """A scoring model, and the score on it that a lead must reach."""

    scoring_model: _ScoringModel
    threshold: Annotated[Number, Field(description="The score that meets the criterion, or any higher one.")]
    drop_below: NotRequired[
        Annotated[
            Number,
            Field(
                description="With requalification policy `on_recross`: the score has fallen only once it is below "
                "this. Absent: below `threshold`."
            ),
        ]
    ]
    max_age: NotRequired[_MaxAge]


@final
@with_config(_CLOSED)
class GradeCriterionDefinition(TypedDict):
    """A scoring model, and the grades on it that a lead must have one of."""

    scoring_model: _ScoringModel
    grades: Annotated[
        list[Id],
        Field(
            min_length=1,
            description="The grades that meet the criterion, compared letter by letter with the `grade` of the "
            "newest score. A score without a grade does not meet it.",
            json_schema_extra={"uniqueItems": True},
        ),
    ]
    max_age: NotRequired[_MaxAge]


@final
@with_config(_CLOSED)
class AllDefinition(TypedDict):
    """A group that is met if all its members are met."""

    all: Annotated[list[MemberDefinition], Field(min_length=1, description="Criteria or groups.")]


@final
@with_config(_CLOSED)
class AnyDefinition(TypedDict):
    """A group that is met if at least one of its members is met."""

    any: Annotated[list[MemberDefinition], Field(min_length=1, description="Criteria or groups.")]


@final
@with_config(_CLOSED)
class AtLeastOfDefinition(TypedDict):
    """A group that is met if a number of its members are met."""

    at_least: Annotated[int, Field(ge=1, description="How many; not more than there are members.")]
    of: Annotated[list[MemberDefinition], Field(min_length=1, description="Criteria or groups.")]


def _kind_of_member(value: object) -> str:
    if isinstance(value, dict) and "scoring_model" not in value:
        for kind, field in (("all", "all"), ("any", "any"), ("of", "at_least"), ("of", "of")):
            if field in value:
                return FORM + kind
    return FORM + ("graded" if isinstance(value, dict) and "grades" in value else "criterion")


MemberDefinition = TypeAliasType(
    "MemberDefinition",
    Annotated[
        Annotated[CriterionDefinition, Tag(FORM + "criterion")]
        | Annotated[GradeCriterionDefinition, Tag(FORM + "graded")]
        | Annotated[AllDefinition, Tag(FORM + "all")]
        | Annotated[AnyDefinition, Tag(FORM + "any")]
        | Annotated[AtLeastOfDefinition, Tag(FORM + "of")],
        Discriminator(_kind_of_member),
    ],
)
"""A criterion, or a group of criteria that counts as one."""


Policy = Annotated[
    Literal["never", "when_reset", "on_recross"],
    Field(
        description="`never`. `when_reset` (default): after the CRM has reset a flag or reopened the lead. "
        "`on_recross`: also after the scores have fallen below the criteria and risen again."
    ),
]


@with_config(_CLOSED)
class RequalificationDefinition(TypedDict):
    """When the model may qualify a lead again."""

    policy: NotRequired[Policy]
    cool_down: NotRequired[
        Annotated[
            Duration,
            Field(
                description="How long after the last qualification the next one can be triggered at the earliest, "
                "such as 90s, 15m, 12h, 30d or 2w.",
            ),
        ]
    ]


@with_config(_CLOSED)
class RecyclingDefinition(TypedDict):
    """What happens to leads that sales rejects."""

    requalify: NotRequired[
        Annotated[
            bool,
            Field(
                description="true (default): the model may qualify the lead again. false: only after the CRM has "
                "reset it."
            ),
        ]
    ]
    cool_down: NotRequired[
        Annotated[
            Duration,
            Field(
                description="How long after the rejection the next qualification can be triggered at the earliest, "
                "such as 12h or 90d."
            ),
        ]
    ]


@with_config(_CLOSED)
class OnRejectionDefinition(RecyclingDefinition):
    """What happens to leads that sales rejects, with exceptions by reason."""

    reasons: NotRequired[
        Annotated[dict[Id, RecyclingDefinition], Field(description="Exceptions, by the reason in the response.")]
    ]


@with_config(_CLOSED)
class ModelDefinition(TypedDict):
    """A qualification model as people write it, in YAML or JSON."""

    id: Annotated[Id, Field(description="Identifies the model across its versions, permanently.")]
    name: NotRequired[Annotated[Id, Field(description="Display name. Absent: the id.")]]
    match: Annotated[MatchDefinition, Field(description="How many of the criteria must be met.")]
    criteria: Annotated[
        list[MemberDefinition],
        Field(min_length=1, description="The criteria, at most one per scoring model, or groups of criteria."),
    ]
    actions: ActionsDefinition
    existing_leads: NotRequired[
        Annotated[
            Literal["evaluate", "ignore"],
            Field(
                description="What publishing does with existing leads. `evaluate` (default): evaluates every known "
                "lead immediately. `ignore`: evaluates each at its next event."
            ),
        ]
    ]
    requalification: NotRequired[RequalificationDefinition]
    hold: NotRequired[
        Annotated[
            Duration,
            Field(
                description="How long the criteria must stay met before the lead qualifies (wall clock), such as "
                "15m or 2h."
            ),
        ]
    ]
    on_rejection: NotRequired[OnRejectionDefinition]
    audience: NotRequired[
        Annotated[
            ConditionDefinition,
            Field(
                description="Only leads that meet this condition can qualify. A `lead-changed` that brings a lead into "
                "the audience evaluates it. Absent: all leads."
            ),
        ]
    ]
    fast_track: NotRequired[
        Annotated[
            ConditionDefinition,
            Field(
                description="A `lead-changed` by which this condition becomes true qualifies the lead whatever its "
                "scores, and without a hold."
            ),
        ]
    ]


def definition_of(model: QualificationModel) -> ModelDefinition:
    """A model as people write it: the inverse of model_of()."""
    requalification: RequalificationDefinition = {"policy": model.requalification.policy}
    if model.requalification.cool_down is not None:
        requalification["cool_down"] = duration_text(model.requalification.cool_down)
    definition: ModelDefinition = {
        "id": model.id,
        "name": model.name,
        "match": match_definition(model.match),
        "criteria": _members(model.branches, model.criteria),
        "actions": actions_definition(model.actions),
        "existing_leads": model.existing_leads,
        "requalification": requalification,
    }
    if model.hold is not None:
        definition["hold"] = duration_text(model.hold)
    if model.on_rejection is not None:
        rejection = cast("OnRejectionDefinition", _recycling(model.on_rejection.otherwise))
        if model.on_rejection.reasons:
            rejection["reasons"] = {
                reason: _recycling(recycling) for reason, recycling in model.on_rejection.reasons.items()
            }
        definition["on_rejection"] = rejection
    if model.audience is not None:
        definition["audience"] = cast("ConditionDefinition", model.audience)
    if model.fast_track is not None:
        definition["fast_track"] = cast("ConditionDefinition", model.fast_track)
    return definition


def _recycling(recycling: Recycling) -> RecyclingDefinition:
    definition: RecyclingDefinition = {"requalify": recycling.requalify}
    if recycling.cool_down is not None:
        definition["cool_down"] = duration_text(recycling.cool_down)
    return definition


def _members(members: tuple[Member, ...], criteria: tuple[Criterion, ...]) -> list[MemberDefinition]:
    return [
        _group(member, criteria) if isinstance(member, Group) else _criterion(criteria[member]) for member in members
    ]


def _group(group: Group, criteria: tuple[Criterion, ...]) -> MemberDefinition:
    members = _members(group.members, criteria)
    if isinstance(group.match, AtLeast):
        return {"at_least": group.match.at_least, "of": members}
    return {"all": members} if group.match == "all" else {"any": members}


def _criterion(criterion: Criterion) -> CriterionDefinition | GradeCriterionDefinition:
    definition: CriterionDefinition | GradeCriterionDefinition
    if criterion.threshold is None:
        definition = {"scoring_model": criterion.scoring_model, "grades": list(criterion.grades)}
    else:
        definition = {"scoring_model": criterion.scoring_model, "threshold": plain(criterion.threshold)}
        if criterion.drop_below is not None:
            definition["drop_below"] = plain(criterion.drop_below)
    if criterion.max_age is not None:
        definition["max_age"] = duration_text(criterion.max_age)
    return definition


def match_definition(match: Match) -> Literal["all", "any"] | AtLeastDefinition:
    """How criteria combine, as people write it."""
    return {"at_least": match.at_least} if isinstance(match, AtLeast) else match
