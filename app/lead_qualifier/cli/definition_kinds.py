"""`journey`, `sequence` and `follow-up`: the definitions that have the commands of every kind, and no others."""

from __future__ import annotations

from lead_qualifier.cli.definitions import definition_commands
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.sequences.kind import KIND as SEQUENCE

journey = definition_commands(JOURNEY, plural="journeys", help_text="Define which leads enter which journeys.")
sequence = definition_commands(SEQUENCE, plural="sequences", help_text="Define the steps that sales takes with leads.")
follow_up = definition_commands(FOLLOW_UP, plural="follow-ups", help_text="Define how soon sales must act on leads.")
