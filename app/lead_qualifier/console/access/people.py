"""People, their roles, and what each role may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is to the console. One person may have several."""

    VIEWER = "viewer"
    MARKETER = "marketer"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"


class Permission(StrEnum):
    """What somebody may do."""

    VIEW = "view"
    EDIT_DEFINITIONS = "edit_definitions"
    """Apply, publish, stop and delete models and every other kind of definition."""
    SWITCH_FEATURES = "switch_features"
    SET_SCORING_MODELS = "set_scoring_models"
    ANSWER_FOR_SALES = "answer_for_sales"
    """Say whether sales accepts a lead, where no CRM does."""
    OPERATE = "operate"
    """Send dead letters back, and events in."""
    REVEAL_PERSONAL_DATA = "reveal_personal_data"
    """See the personal data in dead letters."""


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Permission.VIEW}),
        Role.MARKETER: frozenset({Permission.VIEW, Permission.EDIT_DEFINITIONS}),
        Role.ADMINISTRATOR: frozenset(
            {
                Permission.VIEW,
                Permission.SWITCH_FEATURES,
                Permission.SET_SCORING_MODELS,
                Permission.ANSWER_FOR_SALES,
            }
        ),
        Role.OPERATOR: frozenset({Permission.VIEW, Permission.OPERATE, Permission.REVEAL_PERSONAL_DATA}),
    }
)
"""What each role may do."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in. `subject`: the identifier that never changes; `name`: for people, may be empty."""

    subject: str
    name: str
    roles: frozenset[Role]

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles allows it."""
        return any(permission in PERMISSIONS[role] for role in self.roles)

    @property
    def issued_by(self) -> str:
        """The author of commands, for the audit trail."""
        return f"{self.subject} ({self.name})" if self.name else self.subject


def subject_in(issued_by: str) -> str:
    """The subject of an author of commands, whatever their name was."""
    return issued_by.partition(" (")[0]


def user_of_this_machine(issued_by: str) -> Person:
    """The person who opens the console's link: the one who started it, with every role."""
    return Person(subject=issued_by, name="", roles=frozenset(Role))
