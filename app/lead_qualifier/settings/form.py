"""How settings are given: their variables, durations, and what is raised for those that cannot be used."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AliasGenerator, BeforeValidator, SecretStr
from pydantic_settings import SettingsConfigDict

from lead_qualifier.messages.durations import parse_duration

PREFIX = "LEAD_QUALIFIER_"
ENV_FILE = ".env"
_DURATION = re.compile(r"[1-9][0-9]{0,4}[smhdw]")


def _duration(text: object) -> object:
    if not isinstance(text, str):
        return text
    if not _DURATION.fullmatch(text):
        raise ValueError("should be a duration such as 90s, 15m, 1h or 7d")
    return parse_duration(text)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A duration, written like `15m`, `1h` or `7d`, as in definitions."""


class InvalidSettings(Exception):
    """Settings have invalid values. The message names each setting and says what it should be."""

    def __init__(self, *lines: str) -> None:
        """`lines`: one for each setting."""
        self.lines = lines
        super().__init__("\n".join(lines))


def variable_of(name: str) -> str:
    """The environment variable of a field. The connection's variables have the names that other Kafka programs use."""
    return name.upper() if name.startswith("kafka_") else f"{PREFIX}{name.upper()}"


CONFIG = SettingsConfigDict(
    alias_generator=AliasGenerator(validation_alias=variable_of),
    env_prefix=PREFIX,  # else a field's bare name would be a variable, too
    env_file=ENV_FILE,
    env_ignore_empty=True,
    extra="ignore",
    frozen=True,
    populate_by_name=True,
    validate_default=True,
)
"""Where the fields of every class of settings come from."""


def reveal(secret: SecretStr | None) -> str | None:
    """The text of a secret."""
    return None if secret is None else secret.get_secret_value()
