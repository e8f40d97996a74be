"""Who somebody is, by the claims of an identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lead_qualifier.console.access.people import Person, Role

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class RolesClaim:
    """Where roles are, and what its values mean.

    `name`: of the claim; where no claim has it, `a.b` is `b` within `a`, as Keycloak's `realm_access.roles`.
    """

    name: str
    roles: Mapping[str, Role]

    def is_in(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claim is there."""
        return self._value(claims) is not None

    def person(self, claims: Mapping[str, Any]) -> Person:
        """The subject of the claims, with the roles that they give. There may be none."""
        value = self._value(claims)
        given = [value] if isinstance(value, str) else value if isinstance(value, list | dict) else []
        known = (self.roles.get(one) for one in given if isinstance(one, str))
        name = claims.get("name") or claims.get("preferred_username") or ""
        return Person(
            subject=str(claims["sub"]),
            name=name[:_LONGEST_NAME] if isinstance(name, str) else "",
            roles=frozenset(one for one in known if one is not None),
        )

    def _value(self, claims: Mapping[str, Any]) -> Any:
        if self.name in claims:
            return claims[self.name]
        value: Any = claims
        for part in self.name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value


def roles_by_value(text: str) -> dict[str, Role]:
    """What the values of the claim mean: `value=role`, separated by semicolons; empty: roles by their own names.

    Raises ValueError with what it should be.
    """
    if not text.strip():
        return {role.value: role for role in Role}
    given: dict[str, Role] = {}
    for part in text.split(";"):
        value, _, role = part.strip().rpartition("=")
        if not value or role not in set(Role):
            raise ValueError(f"should be value=role, separated by semicolons, with the roles {', '.join(Role)}")
        given[value] = Role(role)
    return given
