"""The German sentences of what the console shows: leads, models, and what is wrong with definitions, by code.

Whatever else the program says is in English only.
"""

from lead_qualifier.wording.german import (
    conditions,
    definition_changes,
    definition_files,
    definition_kinds,
    explanations,
    overview,
    records,
    thresholds,
)

GERMAN: dict[str, str] = {
    **conditions.SENTENCES,
    **definition_changes.SENTENCES,
    **definition_files.SENTENCES,
    **definition_kinds.SENTENCES,
    **explanations.SENTENCES,
    **overview.SENTENCES,
    **records.SENTENCES,
    **thresholds.SENTENCES,
}
