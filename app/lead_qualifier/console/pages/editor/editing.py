"""What somebody edits: the fields of the form and the YAML beside them, kept in step, and what is wrong with both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.console.api.models import model_text
from lead_qualifier.console.pages.editor.conditions import test_count
from lead_qualifier.console.pages.editor.form import (
    CONDITIONS,
    AlsoInForm,
    definition_in,
    fields_of,
    is_same,
    row_count,
)
from lead_qualifier.console.pages.editor.problems import EVERYWHERE, place_of, steps_of
from lead_qualifier.console.pages.editor.values import UnreadableField, yaml_in
from lead_qualifier.messages.errors import Problem
from lead_qualifier.messages.model_reading import problems_of
from lead_qualifier.qualification.finding import Finding

YAML_PANE, BASE, LOADED, REVISION, STATUS, CHECKED = "yaml", "base", "loaded", "revision", "status", "checked"
CONTROLS = (YAML_PANE, BASE, LOADED, REVISION, STATUS, CHECKED)
"""Fields beside those of the definition. `base`: the YAML with which the fields were in step when they were shown;
`loaded`: the definition, and `revision` and `status` those of the model, when editing began; `checked`: whether
problems are shown.
"""
NEW = "new"
"""The status of a model that is not stored yet."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong in a field. `line`: in YAML, else None; `also`: the part that YAML has and a field, too."""

    finding: Finding | None
    line: int | None = None
    also: str | None = None
    text: str | None = None


@dataclass(slots=True)
class Editing:
    """The state of an editor. `definition`: what both sides say; None: it cannot be read.

    `differs`: form and YAML were both changed, and somebody has to say which of them counts.
    """

    fields: dict[str, str]
    definition: dict[str, Any] | None
    differs: bool = False
    focus_attribute: str = "autofocus"
    """What marks the field that gets the focus: `data-focus` where a script swaps the answer in."""
    problems: dict[str, list[FieldProblem]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def begin(cls, definition: Mapping[str, Any], *, revision: int, status: str) -> Editing:
        """Begin to edit a definition. `revision` and `status`: of the model."""
        text = yaml_of(definition)
        fields = fields_of(definition)
        fields |= {YAML_PANE: text, BASE: text, LOADED: text, REVISION: str(revision), STATUS: status, CHECKED: ""}
        return cls(fields, dict(definition))

    @classmethod
    def go_on(cls, sent: Mapping[str, str], *, counts: str | None = None) -> Editing:
        """Go on with what a browser sent. `counts`: `form` or `yaml` where somebody said which of them counts."""
        self = cls(dict(sent), None)
        for name in CONTROLS:
            self.fields.setdefault(name, "")
        yaml, base = self.fields[YAML_PANE], self.fields[BASE]
        if counts == "form" or (counts is None and yaml.strip() == base.strip()):
            self._read_form(keep=base)
        elif counts == "yaml" or self._is_form_as(base):
            self._read_yaml(yaml)
        else:
            self.differs = True
        return self

    @property
    def status(self) -> str:
        """Of the model when editing began."""
        return self.fields[STATUS] or NEW

    @property
    def revision(self) -> int:
        """Of the model when editing began; 0: it was not stored."""
        text = self.fields[REVISION]
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0

    @property
    def rows(self) -> range:
        """The numbers of the criteria."""
        return range(row_count(self.fields))

    @property
    def scoring_models(self) -> frozenset[str]:
        """Those that have a criterion of their own."""
        return frozenset(self.fields.get(f"criteria.{number}.scoring_model", "") for number in self.rows)

    def tests(self, name: str) -> range:
        """The numbers of the rows of a condition."""
        return range(test_count(self.fields, name))

    def change(self, fields: Mapping[str, str]) -> None:
        """Take these fields in place of those of the definition, and keep the YAML in step."""
        kept = {name: self.fields[name] for name in CONTROLS}
        self.fields = {**fields, **kept}
        self._read_form(keep=self.fields[BASE])

    def check(self) -> bool:
        """Say in the fields what is wrong with the definition. Returns whether nothing is."""
        self.fields[CHECKED] = "yes"
        if self.definition is None:
            return False
        found = problems_of(self.definition)
        for path, finding in found:
            self.problems[place_of(path, self.fields)].append(FieldProblem(finding))
        return not found

    def tell(self, field_path: str, text: str) -> None:
        """Say in the field for this path what somebody else found there."""
        place = place_of(steps_of(field_path), self.fields) if field_path else EVERYWHERE
        self.problems[place].append(FieldProblem(None, text=text))

    def _read_form(self, *, keep: str) -> None:
        """`keep`: the YAML that stays as it was typed if it says the same."""
        try:
            self.definition = definition_in(self.fields)
        except UnreadableField as error:
            self._tell_lines(error.field, error.problems)
        except AlsoInForm as error:
            self.problems["more"].append(FieldProblem(None, also=error.name))
        else:
            if not self._says(keep, self.definition):
                self.fields[YAML_PANE] = self.fields[BASE] = yaml_of(self.definition)
            else:
                self.fields[YAML_PANE] = keep

    def _read_yaml(self, yaml: str) -> None:
        try:
            definition = yaml_in(yaml, YAML_PANE)
        except UnreadableField as error:
            self._tell_lines(YAML_PANE, error.problems)
            return
        if not isinstance(definition, dict):
            self.problems[YAML_PANE].append(FieldProblem(Finding("must_be_mapping", found=Finding("kind_list"))))
            return
        kept = {name: self.fields[name] for name in CONTROLS}
        self.definition = definition
        self.fields = {**fields_of(definition), **kept, BASE: yaml}

    def _is_form_as(self, base: str) -> bool:
        try:
            return self._says(base, definition_in(self.fields))
        except (UnreadableField, AlsoInForm):
            return False

    @staticmethod
    def _says(yaml: str, definition: Mapping[str, Any]) -> bool:
        try:
            read = yaml_in(yaml, BASE) if yaml.strip() else {}
        except UnreadableField:
            return False
        return isinstance(read, dict) and is_same(read, definition)

    def _tell_lines(self, place: str, problems: Sequence[Problem]) -> None:
        for one in problems:
            self.problems[place].append(FieldProblem(one.finding, line=one.line))


def yaml_of(definition: Mapping[str, Any]) -> str:
    """A definition as it stands beside the form; empty for an empty one."""
    return model_text(definition) if definition else ""


def without_row(fields: Mapping[str, str], at: str, number: int) -> dict[str, str]:
    """The fields without one of the rows whose names begin with `at`; those after it move up."""
    left = {}
    for name, value in fields.items():
        head, _, rest = name.removeprefix(f"{at}.").partition(".") if name.startswith(f"{at}.") else ("", "", "")
        if not head.isdecimal() or int(head) < number:
            left[name] = value
        elif int(head) > number:
            left[f"{at}.{int(head) - 1}" + (f".{rest}" if rest else "")] = value
    if at in CONDITIONS and not test_count(left, at):
        left = {name: value for name, value in left.items() if name not in {f"{at}.kind", f"{at}.match"}}
    return left
