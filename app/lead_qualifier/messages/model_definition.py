"""A qualification model as people and commands write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, final

from pydantic import ConfigDict, Discriminator, Field, GetCoreSchemaHandler, GetPydanticSchema, Tag, with_config
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.durations import duration_text
from lead_qualifier.messages.fields import Id, Number, plain
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member

if TYPE_CHECKING:
    from lead_qualifier.qualification.models import QualificationModel, Recycling

#: Definitions are written by people: what is not known is a mistake of theirs and refused by name.
_CLOSED = ConfigDict(strict=True, extra="forbid")


@with_config(_CLOSED)
class AtLeastDefinition(TypedDict):
    """So many of the criteria."""

    at_least: Annotated[int, Field(ge=1, description="How many; at most as many as there are criteria.")]


def _match_schema(_source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    return core_schema.union_schema(
        [handler.generate_schema(Literal["all", "any"]), handler.generate_schema(AtLeastDefinition)],
        custom_error_type="match",
        custom_error_message="must be all, any or {at_least: k}",
    )


MatchDefinition = Annotated[Literal["all", "any"] | AtLeastDefinition, GetPydanticSchema(_match_schema)]
"""How many criteria must be met: `all`, `any`, or `{at_least: 2}`."""


@final
@with_config(_CLOSED)
class CriterionDefinition(TypedDict):
    """A scoring model and the score on it that qualifies."""

    scoring_model: Annotated[Id, Field(description="The scoring model; it must be live to publish.")]
    threshold: Annotated[Number, Field(description="The criterion is met from this score upwards, itself included.")]
    drop_below: NotRequired[
        Annotated[
            Number,
            Field(
                description="With requalification on_recross: the score has fallen only once it is below this. "
                "Absent: the threshold."
            ),
        ]
    ]


@final
@with_config(_CLOSED)
class AllDefinition(TypedDict):
    """A group that is met if all of its members are."""

    all: Annotated[list[MemberDefinition], Field(min_length=1, description="Criteria, or further groups.")]


@final
@with_config(_CLOSED)
class AnyDefinition(TypedDict):
    """A group that is met if at least one of its members is."""

    any: Annotated[list[MemberDefinition], Field(min_length=1, description="Criteria, or further groups.")]


@final
@with_config(_CLOSED)
class AtLeastOfDefinition(TypedDict):
    """A group that is met if so many of its members are."""

    at_least: Annotated[int, Field(ge=1, description="How many; at most as many as there are members.")]
    of: Annotated[list[MemberDefinition], Field(min_length=1, description="Criteria, or further groups.")]


def _kind_of_member(value: object) -> str:
    if isinstance(value, dict) and "scoring_model" not in value:
        for kind, field in (("all", "all"), ("any", "any"), ("of", "at_least"), ("of", "of")):
            if field in value:
                return kind
    return "criterion"


MemberDefinition = TypeAliasType(
    "MemberDefinition",
    Annotated[
        Annotated[CriterionDefinition, Tag("criterion")]
        | Annotated[AllDefinition, Tag("all")]
        | Annotated[AnyDefinition, Tag("any")]
        | Annotated[AtLeastOfDefinition, Tag("of")],
        Discriminator(_kind_of_member),
    ],
)
"""A criterion, or a group of them that counts as one."""

#: What pydantic puts into the path of a field because of the kinds above; no step of the definition itself.
MEMBER_KINDS = frozenset({"criterion", "all", "any", "of"})


@with_config(_CLOSED)
class ActionsDefinition(TypedDict):
    """What a qualified lead gets; at least one."""

    status_reason: NotRequired[
        Annotated[Literal["marketing_qualified"], Field(description="Status Reason becomes Marketing Qualified.")]
    ]
    sales_ready: NotRequired[Annotated[bool, Field(description="true: Sales Ready becomes yes.")]]


Policy = Annotated[
    Literal["never", "when_reset", "on_recross"],
    Field(
        description="when_reset (default): when the CRM reset a flag or reopened the lead. "
        "on_recross: also when the scores fell below the criteria and rose again."
    ),
]

Duration = Annotated[str, Field(pattern="^[0-9]{1,8}[smhdw]$")]
"""A whole number and its unit, as people write it."""


@with_config(_CLOSED)
class RequalificationDefinition(TypedDict):
    """What lets the model qualify a lead once more."""

    policy: NotRequired[Policy]
    cool_down: NotRequired[
        Annotated[
            Duration,
            Field(
                description="How long after the last qualification the next may be triggered: 90s, 15m, 12h, 30d, 2w.",
            ),
        ]
    ]


@with_config(_CLOSED)
class RecyclingDefinition(TypedDict):
    """What becomes of a lead that sales rejected."""

    requalify: NotRequired[
        Annotated[
            bool, Field(description="true (default): the model may qualify it again. false: until the CRM resets.")
        ]
    ]
    cool_down: NotRequired[
        Annotated[Duration, Field(description="How long after the rejection the next may be triggered: 12h, 90d.")]
    ]


@with_config(_CLOSED)
class OnRejectionDefinition(RecyclingDefinition):
    """What becomes of a lead that sales rejected, and what instead for some reasons."""

    reasons: NotRequired[
        Annotated[dict[Id, RecyclingDefinition], Field(description="By the reason that the response names.")]
    ]


@with_config(_CLOSED)
class ModelDefinition(TypedDict):
    """A qualification model as people write it, in YAML or JSON."""

    id: Annotated[Id, Field(description="Identifies the model for ever; leads keep their marks by it.")]
    name: NotRequired[Annotated[Id, Field(description="What people call it; the id if absent.")]]
    match: Annotated[MatchDefinition, Field(description="How many of the criteria must be met.")]
    criteria: Annotated[
        list[MemberDefinition],
        Field(min_length=1, description="One for each scoring model that counts; groups of them may stand among them."),
    ]
    actions: ActionsDefinition
    existing_leads: NotRequired[
        Annotated[
            Literal["evaluate", "ignore"],
            Field(
                description="On publish: evaluate (default) every known lead at once, "
                "or ignore them until the next event of each."
            ),
        ]
    ]
    requalification: NotRequired[RequalificationDefinition]
    hold: NotRequired[
        Annotated[
            Duration,
            Field(description="So long, by the clock, the criteria must stay met before a lead qualifies: 15m, 2h."),
        ]
    ]
    on_rejection: NotRequired[OnRejectionDefinition]


def definition_of(model: QualificationModel) -> ModelDefinition:
    """A model as people write it; model_of() gives the same model again."""
    actions: ActionsDefinition = {}
    if model.actions.marketing_qualified:
        actions["status_reason"] = "marketing_qualified"
    if model.actions.sales_ready:
        actions["sales_ready"] = True
    requalification: RequalificationDefinition = {"policy": model.requalification.policy}
    if model.requalification.cool_down is not None:
        requalification["cool_down"] = duration_text(model.requalification.cool_down)
    definition: ModelDefinition = {
        "id": model.id,
        "name": model.name,
        "match": match_definition(model.match),
        "criteria": _members(model.branches, model.criteria),
        "actions": actions,
        "existing_leads": model.existing_leads,
        "requalification": requalification,
    }
    if model.hold is not None:
        definition["hold"] = duration_text(model.hold)
    if model.on_rejection is not None:
        rejection: OnRejectionDefinition = {"requalify": model.on_rejection.otherwise.requalify}
        if model.on_rejection.otherwise.cool_down is not None:
            rejection["cool_down"] = duration_text(model.on_rejection.otherwise.cool_down)
        if model.on_rejection.reasons:
            rejection["reasons"] = {
                reason: _recycling(recycling) for reason, recycling in model.on_rejection.reasons.items()
            }
        definition["on_rejection"] = rejection
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


def _criterion(criterion: Criterion) -> CriterionDefinition:
    definition: CriterionDefinition = {
        "scoring_model": criterion.scoring_model,
        "threshold": plain(criterion.threshold),
    }
    if criterion.drop_below is not None:
        definition["drop_below"] = plain(criterion.drop_below)
    return definition


def match_definition(match: Match) -> Literal["all", "any"] | AtLeastDefinition:
    """How criteria combine, as people write it."""
    return {"at_least": match.at_least} if isinstance(match, AtLeast) else match
