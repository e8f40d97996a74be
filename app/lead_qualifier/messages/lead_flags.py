"""The flags of a lead on the wire: their values, how messages report changes of them, and the actions that set them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import EMITTED, READ_STRICTLY
from lead_qualifier.qualification.flags import FLAGS, Actions, FlagChanges
from lead_qualifier.qualification.lead_fields import Status, StatusReason

# `from` is a keyword of Python, so these cannot be written as classes.
StatusReasonChange = TypedDict("StatusReasonChange", {"from": StatusReason, "to": Literal["marketing_qualified"]})
SalesReadyChange = TypedDict("SalesReadyChange", {"from": Literal[False], "to": Literal[True]})
StatusReasonTakenBack = TypedDict(
    "StatusReasonTakenBack", {"from": Literal["marketing_qualified"], "to": Literal["new"]}
)
SalesReadyTakenBack = TypedDict("SalesReadyTakenBack", {"from": Literal[True], "to": Literal[False]})
_StatusReasonRead = TypedDict("_StatusReasonRead", {"from": StatusReason, "to": StatusReason})
_SalesReadyRead = TypedDict("_SalesReadyRead", {"from": bool, "to": bool})
for _emitted in (StatusReasonChange, SalesReadyChange, StatusReasonTakenBack, SalesReadyTakenBack):
    with_config(EMITTED)(_emitted)
for _read in (_StatusReasonRead, _SalesReadyRead):
    with_config(READ_STRICTLY)(_read)


@with_config(EMITTED)
class Changes(TypedDict):
    """The attributes that the qualification changed. Unchanged ones are absent."""

    status_reason: NotRequired[StatusReasonChange]
    sales_ready: NotRequired[SalesReadyChange]


@with_config(EMITTED)
class ChangesTakenBack(TypedDict):
    """The flags that must be reset. Others are absent."""

    status_reason: NotRequired[StatusReasonTakenBack]
    sales_ready: NotRequired[SalesReadyTakenBack]


@with_config(READ_STRICTLY)
class ChangesRead(TypedDict):
    """Changes in a lead-qualified record of any version."""

    status_reason: NotRequired[_StatusReasonRead]
    sales_ready: NotRequired[_SalesReadyRead]


class FlagsRead(TypedDict):
    """Flags in a lead-qualified record of any version."""

    status_reason: NotRequired[StatusReason]
    sales_ready: NotRequired[bool]


class StatusAndFlags(TypedDict):
    """The lead's status and flags after a qualification."""

    status: Annotated[Status, Field(description="The lead's status: `open`, because only open leads qualify.")]
    status_reason: Annotated[StatusReason, Field(description="The reason for the status.")]
    sales_ready: Annotated[bool, Field(description="Whether the lead is sales ready.")]


@with_config(ConfigDict(strict=True, extra="forbid"))
class ActionsDefinition(TypedDict):
    """What a qualification changes on the lead; at least one."""

    status_reason: NotRequired[
        Annotated[Literal["marketing_qualified"], Field(description="The status reason becomes Marketing Qualified.")]
    ]
    sales_ready: NotRequired[Annotated[bool, Field(description="true: the lead becomes sales ready.")]]


def changes_of(changes: FlagChanges) -> Any:
    """Changes as messages report them: by flag, `from` and `to`."""
    return {name: {"from": before, "to": after} for name, (before, after) in changes.items()}


def actions_of(definition: ActionsDefinition) -> Actions:
    """The actions that a definition names."""
    named: Mapping[str, object] = definition
    return Actions(**{flag.action: named.get(flag.name) == flag.qualified for flag in FLAGS})


def actions_definition(actions: Actions) -> Any:
    """Actions as people write them, an ActionsDefinition."""
    return {flag.name: flag.qualified for flag in FLAGS if getattr(actions, flag.action)}
