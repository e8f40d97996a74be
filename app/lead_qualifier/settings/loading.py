"""Reads the settings from the environment or a `.env` file, and says what is wrong with them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from lead_qualifier.messages.reasons import form_in_words
from lead_qualifier.settings.form import CONFIG, ENV_FILE, PREFIX, InvalidSettings, variable_of
from lead_qualifier.settings.settings import LogFormat, Settings

_NO_SETTINGS = {"LEAD_QUALIFIER_TEST_BROKER"}  # names with the prefix that only the tests use


def load_settings(**overrides: Any) -> Settings:
    """Read the settings: from `overrides` (a command's options, if not None), the environment and `.env`, in order.

    Raises InvalidSettings, which names each invalid variable.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise InvalidSettings(*_explain(error)) from None


class _LogSettings(BaseSettings):
    """The setting that is needed to report what is wrong with others."""

    model_config = CONFIG

    log_format: LogFormat = LogFormat.AUTO


def log_format() -> LogFormat:
    """The format of log lines, even if other settings are invalid; the default if the format itself is."""
    try:
        return _LogSettings().log_format
    except ValidationError:
        return LogFormat.AUTO


def unknown_variables() -> list[str]:
    """A warning for each LEAD_QUALIFIER_* name in the environment or `.env` that is not a setting."""
    known = [variable_of(name) for name in Settings.model_fields]
    given = {*os.environ, *dotenv_values(ENV_FILE)} - _NO_SETTINGS
    warnings = []
    for variable in sorted(name for name in given if name.upper().startswith(PREFIX) and name.upper() not in known):
        near = difflib.get_close_matches(variable.upper(), known, n=1)
        hint = (
            f"did you mean {near[0]}?"
            if near
            else "it has no effect; docs/reference/configuration.md lists the settings"
        )
        warnings.append(f"unknown setting {variable}: {hint}")
    return warnings


def _explain(error: ValidationError) -> Iterator[str]:
    fields = Settings.model_fields.items()
    secrets = {variable_of(name) for name, info in fields if "SecretStr" in str(info.annotation)}
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "string_pattern_mismatch":
            message = f"should be of the form {form_in_words(problem['ctx']['pattern'])}"
        if not problem["loc"]:
            yield message
            continue
        place = str(problem["loc"][0])
        variable = variable_of(place) if place in Settings.model_fields else place
        yield f"{variable}: {message}" + ("" if variable in secrets else f" (it is {problem['input']!r})")
