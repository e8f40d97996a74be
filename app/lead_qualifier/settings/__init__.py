"""Every setting, read from the environment or a `.env` file."""

from lead_qualifier.settings.console import Approval, ConsoleSettings
from lead_qualifier.settings.form import ENV_FILE, PREFIX, InvalidSettings, variable_of
from lead_qualifier.settings.loading import load_settings, log_format, unknown_variables
from lead_qualifier.settings.settings import (
    BrokerChoice,
    LogFormat,
    SchemaRegistryFraming,
    Settings,
    Tracing,
    UnknownLeads,
)

__all__ = [
    "ENV_FILE",
    "PREFIX",
    "Approval",
    "BrokerChoice",
    "ConsoleSettings",
    "InvalidSettings",
    "LogFormat",
    "SchemaRegistryFraming",
    "Settings",
    "Tracing",
    "UnknownLeads",
    "load_settings",
    "log_format",
    "unknown_variables",
    "variable_of",
]
