"""A qualification model as people and commands write it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetPydanticSchema, WithJsonSchema, with_config
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict

from app.contracts.fields import Id, Number, plain
from app.qualification.criteria import AtLeast, Match

if TYPE_CHECKING:
    from app.qualification.models import QualificationModel

#: Definitions are written by people: what is not known is a mistake of theirs and refused by name.
_CLOSED = ConfigDict(strict=True, extra="forbid")

#: What the letter at the end of a duration stands for, from the shortest to the longest.
UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


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


@with_config(_CLOSED)
class CriterionDefinition(TypedDict):
    """A scoring model and the score on it that qualifies."""

    scoring_model: Annotated[Id, Field(description="The scoring model; it must be live to publish.")]
    threshold: Annotated[Number, Field(description="The criterion is met from this score upwards, itself included.")]


@with_config(_CLOSED)
class ActionsDefinition(TypedDict):
    """What a qualified lead gets; at least one."""

    status_reason: NotRequired[
        Annotated[Literal["marketing_qualified"], Field(description="Status Reason becomes Marketing Qualified.")]
    ]
    sales_ready: NotRequired[Annotated[bool, Field(description="true: Sales Ready becomes yes.")]]


Policy = Annotated[
    Literal["never", "when_reset"],
    # The schema names the third policy of the contract already: a schema may not gain values later.
    WithJsonSchema({"type": "string", "enum": ["never", "when_reset", "on_recross"]}),
    Field(
        description="when_reset (default): when the CRM reset a flag or reopened the lead. "
        "on_recross: not supported by this version."
    ),
]


@with_config(_CLOSED)
class RequalificationDefinition(TypedDict):
    """What lets the model qualify a lead once more."""

    policy: NotRequired[Policy]
    cool_down: NotRequired[
        Annotated[
            str,
            Field(
                pattern="^[0-9]{1,8}[smhdw]$",
                description="How long after the last qualification the next may be triggered: 90s, 15m, 12h, 30d, 2w.",
            ),
        ]
    ]


@with_config(_CLOSED)
class ModelDefinition(TypedDict):
    """A qualification model as people write it, in YAML or JSON."""

    id: Annotated[Id, Field(description="Identifies the model for ever; leads keep their marks by it.")]
    name: NotRequired[Annotated[Id, Field(description="What people call it; the id if absent.")]]
    match: Annotated[MatchDefinition, Field(description="How many of the criteria must be met.")]
    criteria: Annotated[
        list[CriterionDefinition], Field(min_length=1, description="One for each scoring model that counts.")
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
    return {
        "id": model.id,
        "name": model.name,
        "match": match_definition(model.match),
        "criteria": [{"scoring_model": one.scoring_model, "threshold": plain(one.threshold)} for one in model.criteria],
        "actions": actions,
        "existing_leads": model.existing_leads,
        "requalification": requalification,
    }


def match_definition(match: Match) -> Literal["all", "any"] | AtLeastDefinition:
    """How criteria combine, as people write it."""
    return {"at_least": match.at_least} if isinstance(match, AtLeast) else match


def duration_text(duration: timedelta) -> str:
    """`30d` for thirty days: in the largest unit that has no remainder; parts of a second are cut."""
    for unit, length in reversed(UNITS.items()):
        if not duration % length and duration:
            return f"{duration // length}{unit}"
    return f"{duration // UNITS['s']}s"
