"""The flags of a lead: what a qualification sets on it and a rejection by sales takes back, in one table."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

MARKETING_QUALIFIED = "marketing_qualified"

FlagName = Literal["status_reason", "sales_ready"]
FlagValue = str | bool
FlagChanges = dict[FlagName, tuple[FlagValue, FlagValue]]
"""By flag: the value before and after."""


class Flag(Struct, frozen=True, gc=False):
    """One flag, which messages and stored state know by its name."""

    name: FlagName
    """The field of the lead."""
    action: str
    """The field of a model's Actions that has a qualification set the flag."""
    qualified: FlagValue
    """The value that a qualification sets. The CRM resets the flag by any other value."""
    initial: FlagValue
    """The value of a new lead, to which a rejection takes the flag back."""


FLAGS = (
    Flag("status_reason", action="marketing_qualified", qualified=MARKETING_QUALIFIED, initial="new"),
    Flag("sales_ready", action="sales_ready", qualified=True, initial=False),
)
FLAG_NAMES: tuple[FlagName, ...] = tuple(flag.name for flag in FLAGS)


class Actions(Struct, frozen=True, omit_defaults=True):
    """What a qualification changes on the lead."""

    marketing_qualified: bool = False
    """Whether `status_reason` becomes `marketing_qualified`."""
    sales_ready: bool = False
    """Whether `sales_ready` becomes true."""

    @property
    def flags(self) -> tuple[FlagName, ...]:
        """The flags that a qualification sets on the lead."""
        return tuple(flag.name for flag in FLAGS if getattr(self, flag.action))
