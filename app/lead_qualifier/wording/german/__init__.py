"""The German sentences of what marketing and sales see of leads, by the code of a finding.

Whatever else the program says is in English only.
"""

from lead_qualifier.wording.german import conditions, explanations

GERMAN: dict[str, str] = {**conditions.SENTENCES, **explanations.SENTENCES}
