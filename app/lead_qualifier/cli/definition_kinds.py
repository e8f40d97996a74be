"""`journey`, `sequence` and `follow-up`: the definitions that have the commands of every kind, and no others."""

from __future__ import annotations

from lead_qualifier.cli.definitions import downstream_commands
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.sequences.kind import KIND as SEQUENCE

journey = downstream_commands(JOURNEY, plural="journeys", about="Define which leads enter which journeys.")
sequence = downstream_commands(SEQUENCE, plural="sequences", about="Define the steps that sales takes with leads.")
follow_up = downstream_commands(FOLLOW_UP, plural="follow-ups", about="Define how soon sales must act on leads.")
