"""The English sentences, by the code of a finding or report, or by the class of an error.

`{id:quoted}` is the argument as one of a shell.
"""

from lead_qualifier.wording.english import (
    conditions,
    definition_changes,
    definition_files,
    definition_kinds,
    explanations,
    operation,
    overview,
    records,
    thresholds,
)

ENGLISH: dict[str, str] = {
    **conditions.SENTENCES,
    **definition_changes.SENTENCES,
    **definition_files.SENTENCES,
    **definition_kinds.SENTENCES,
    **explanations.SENTENCES,
    **operation.SENTENCES,
    **overview.SENTENCES,
    **records.SENTENCES,
    **thresholds.SENTENCES,
}
