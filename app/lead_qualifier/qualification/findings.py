"""What the domain has to say to people: findings, without a word of any language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say, with its arguments as fields. Its class names the sentence, which `wording` has."""


@dataclass(frozen=True, slots=True)
class Worded(Finding):
    """Something that is in words already."""

    text: str
