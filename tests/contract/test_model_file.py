"""Model files: which are accepted, and the line, field and advice for those that are not."""

import io
import json
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from lead_qualifier.assignment.kind import KIND as ASSIGNMENT
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.definitions.lifecycle import fault
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.messages.definition_file import parse_definition
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.messages.errors import BadDefinitionFile
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of, parse_model, read_model_file
from lead_qualifier.messages.model_reading import problems_of as model_problems_of
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.models import InvalidModel, QualificationModel, Requalification
from lead_qualifier.sequences.kind import KIND as SEQUENCE
from lead_qualifier.sinks.dataverse.form import DATAVERSE
from lead_qualifier.sinks.webhook.form import WEBHOOK
from lead_qualifier.wording.sentences import IN_ENGLISH

ENTERPRISE = """\
id: enterprise
name: Enterprise-Leads
match: all                      # all | any | {at_least: 2}
criteria:
  - {scoring_model: engagement, threshold: 70}
  - {scoring_model: demographic, threshold: 50}
actions: {status_reason: marketing_qualified, sales_ready: true}
existing_leads: evaluate        # evaluate | ignore
requalification: {policy: when_reset, cool_down: 30d}
"""
MODEL = QualificationModel(
    id="enterprise",
    name="Enterprise-Leads",
    match="all",
    criteria=(Criterion("engagement", 70.0), Criterion("demographic", 50.0)),
    actions=Actions(marketing_qualified=True, sales_ready=True),
    existing_leads="evaluate",
    requalification=Requalification("when_reset", timedelta(days=30)),
)


def with_line(old: str, new: str) -> str:
    assert old in ENTERPRISE
    return ENTERPRISE.replace(old, new)


def refused(text: str | bytes, source: str = "m.yaml") -> list[str]:
    with pytest.raises(BadDefinitionFile) as caught:
        parse_model(text, source)
    assert len(caught.value.problems) == len(str(caught.value).splitlines())
    return str(caught.value).splitlines()


def test_the_contract_s_example_is_read() -> None:
    assert parse_model(ENTERPRISE) == MODEL


def test_json_is_read_however_it_is_laid_out() -> None:
    definition = definition_of(MODEL)
    for text in (json.dumps(definition), json.dumps(definition, indent=2), json.dumps(definition, indent="\t")):
        assert parse_model(text, "m.json") == parse_model(text, "-") == MODEL


def test_a_model_survives_being_written_and_read() -> None:
    assert model_of(definition_of(MODEL)) == MODEL
    assert definition_of(MODEL)["criteria"][0] == {"scoring_model": "engagement", "threshold": 70}


def test_what_may_be_left_out_has_the_contract_s_defaults() -> None:
    text = "id: a\nmatch: {at_least: 1}\ncriteria: [{scoring_model: s, threshold: -1e3}]\nactions: {sales_ready: yes}\n"
    assert parse_model(text) == QualificationModel(
        id="a",
        name="a",
        match=AtLeast(1),
        criteria=(Criterion("s", -1000.0),),
        actions=Actions(sales_ready=True),
    )


@pytest.mark.parametrize("model_id", ["007", "2026-11-23", "12:30", "1_000", "0x1f", "ü 1"])
def test_an_id_like_a_number_or_date_stays_text(model_id: str) -> None:
    assert parse_model(with_line("id: enterprise", f"id: {model_id}")).id == model_id


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "enterprise.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + ENTERPRISE.encode())
    assert read_model_file(file) == MODEL


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadDefinitionFile, match=r"gone\.yaml: the file cannot be read: No such file or directory"):
        read_model_file(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "threshold: 70",
            'threshold: "70"',
            "5: criteria.0.threshold: must be a number, found text: write it without quotes",
        ),
        ("threshold: 50", "threshold: high", "6: criteria.1.threshold: must be a number, found text"),
        (
            "threshold: 50",
            "threshold: true",
            "6: criteria.1.threshold: must be a number, found a boolean",
        ),
        (
            "threshold: 50",
            "threshold: .nan",
            "6: criteria.1.threshold: must be a finite number (an IEEE double), found NaN",
        ),
        (
            "threshold: 50",
            "threshold: 1e999",
            (
                "6: criteria.1.threshold: must be a finite number (an IEEE double), found a number that is too large "
                "or infinite"
            ),
        ),
        (
            "threshold: 50",
            "threshold: 1" + "0" * 400,
            "6: criteria.1.threshold: must be a number, found a number that is too large",
        ),
        (
            "engagement, threshold: 70",
            "engagement",
            "5: criteria.0.threshold: is missing: add it, as in threshold: 70 or grades: [A, B]",
        ),
        ("id: enterprise", "id: 12", "1: id: must be text, found a number: put it in quotes"),
        (
            "name: Enterprise-Leads",
            "name: No",
            "2: name: must be text, found a boolean: put it in quotes",
        ),
        ("id: enterprise", 'id: ""', "1: id: must not be empty"),
        ("id: enterprise\n", "", "1: id: is missing: add it, as in id: enterprise"),
        ("name: Ent", "nmae: x\nname: Ent", "2: nmae: is unknown: did you mean name?"),
        (
            "name: Ent",
            "colour: red\nname: Ent",
            (
                "2: colour: is unknown: the fields here are id, name, match, criteria, actions, existing_leads, "
                "requalification, hold, on_rejection, audience, fast_track"
            ),
        ),
        (
            "match: all",
            "match: most",
            "3: match: must be all, any or {at_least: 2} (a whole number from 1), found text",
        ),
        (
            "match: all",
            "match: {at_least: 3}",
            "3: match.at_least: must be between 1 and the number of criteria, 2",
        ),
        (
            "match: all",
            "match: {at_least: 1.5}",
            "3: match: must be all, any or {at_least: 2} (a whole number from 1), found a mapping",
        ),
        (
            "scoring_model: demographic",
            "scoring_model: engagement",
            (
                "6: criteria.1.scoring_model: engagement is named by criterion 1 already: keep one threshold per "
                "scoring model"
            ),
        ),
        (
            "status_reason: marketing_qualified, sales_ready: true",
            "sales_ready: false",
            "7: actions: name at least one: status_reason: marketing_qualified, or sales_ready: true",
        ),
        (
            "sales_ready: true",
            'sales_ready: "true"',
            "7: actions.sales_ready: must be true or false, found text: write it without quotes",
        ),
        (
            "status_reason: marketing_qualified",
            "status_reason: qualified",
            "7: actions.status_reason: must be one of marketing_qualified, found another text",
        ),
        ("evaluate  ", "sometimes  ", "8: existing_leads: must be one of evaluate, ignore, found another text"),
        ("evaluate  ", "", "8: existing_leads: must be one of evaluate, ignore, found null"),
        (
            "30d",
            "30",
            (
                "9: requalification.cool_down: must be a number with one of the units s, m, h, d, w, as in 30d, "
                "found a number"
            ),
        ),
        (
            "30d",
            "-30d",
            (
                "9: requalification.cool_down: must be a number with one of the units s, m, h, d, w, as in 30d, "
                "found text"
            ),
        ),
        (
            "{status_reason: marketing_qualified, sales_ready: true}",
            "yes",
            "7: actions: must be a mapping, such as {field: value}, found a boolean",
        ),
        (
            "{scoring_model: demographic, threshold: 50}",
            "demographic",
            "6: criteria.1: must be a mapping, such as {field: value}, found text",
        ),
        ("name: Ent", "id: twice\nname: Ent", "2: id: appears twice, first on line 1: keep one of them"),
    ],
)
def test_a_mistake_is_told_with_line_field_and_advice(old: str, new: str, says: str) -> None:
    assert refused(with_line(old, new)) == ["m.yaml:" + says]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "threshold: 70",
            "threshold: 70, hold: 15m",
            "5: criteria.0.hold: does not belong here: it belongs to the model, next to criteria",
        ),
        (
            "existing",
            "drop_below: 60\nexisting",
            (
                "8: drop_below: does not belong here: "
                "it belongs to a criterion, as in {scoring_model: engagement, threshold: 70, drop_below: 60}"
            ),
        ),
        (
            "existing",
            "groups: []\nexisting",
            "8: groups: does not belong here: groups belong among the criteria, as in criteria: [{any: [...]}]",
        ),
        (
            "threshold: 70",
            "threshold: 70, drop_below: 60",
            "5: criteria.0.drop_below: has no effect: leave it out, or choose requalification: {policy: on_recross}",
        ),
        (
            "existing",
            "hold: soon\nexisting",
            "8: hold: must be a number with one of the units s, m, h, d, w, as in 30d, found text",
        ),
        ("existing", "hold: 0m\nexisting", "8: hold: must be longer than zero and at most 365d"),
        (
            "threshold: 50}",
            "threshold: 50}\n  - any: []",
            "7: criteria.2.any: add at least one criterion to the group",
        ),
        (
            "- {scoring_model: demographic, threshold: 50}",
            "- at_least: 3\n    of: [{scoring_model: demographic, threshold: 50}]",
            "6: criteria.1.at_least: must be between 1 and the number of criteria, 1",
        ),
        (
            "- {scoring_model: demographic, threshold: 50}",
            "- at_least: 1",
            "6: criteria.1.of: is missing: add it, as in {at_least: 2, of: [...]}",
        ),
        (
            "- {scoring_model: demographic, threshold: 50}",
            "- any: [{scoring_model: demographic, treshold: 50}]",
            "6: criteria.1.any.0.treshold: is unknown: did you mean threshold?",
        ),
        (
            "- {scoring_model: demographic, threshold: 50}",
            "- all: [{scoring_model: demographic, threshold: 50}]\n    any: []",
            "7: criteria.1.any: is unknown: the fields here are all",
        ),
        (
            "demographic, threshold: 50",
            "demographic, grades: [A, B], threshold: 50",
            "6: criteria.1.threshold: has no place next to grades: keep one of the two",
        ),
        (
            "demographic, threshold: 50",
            "demographic, grades: [A], drop_below: 5",
            "6: criteria.1.drop_below: has no effect with grades, where any other grade is a fall: leave it out",
        ),
        (
            "demographic, threshold: 50",
            "demographic, grades: []",
            "6: criteria.1.grades: name at least one grade, as in grades: [A, B]",
        ),
        (
            "demographic, threshold: 50",
            "demographic, grades: A",
            "6: criteria.1.grades: must be a list of grades, as in grades: [A, B], found text",
        ),
        (
            "demographic, threshold: 50",
            "demographic, grades: [A, B, A]",
            "6: criteria.1.grades.2: A is in the list already: name each grade once",
        ),
        (
            "demographic, threshold: 50",
            "demographic, grades: [A, 1]",
            "6: criteria.1.grades.1: must be text, found a number: put it in quotes",
        ),
        ("demographic, threshold: 50", 'demographic, grades: [""]', "6: criteria.1.grades.0: must not be empty"),
        (
            "demographic, threshold: 50",
            "demographic, grades: [A], treshold: 5",
            "6: criteria.1.treshold: is unknown: the fields here are scoring_model, grades, max_age",
        ),
        (
            "demographic, threshold: 50",
            "demographic, threshold: 50, grade: A",
            "6: criteria.1.grade: is unknown: did you mean grades?",
        ),
        (
            "threshold: 70",
            "threshold: 70, max_age: 90",
            "5: criteria.0.max_age: must be a number with one of the units s, m, h, d, w, as in 30d, found a number",
        ),
        (
            "threshold: 70",
            "threshold: 70, max_age: 0d",
            "5: criteria.0.max_age: must be longer than zero and at most 3650d",
        ),
        (
            "threshold: 70",
            "threshold: 70, max_age: 99999w",
            "5: criteria.0.max_age: must be longer than zero and at most 3650d",
        ),
        (
            "existing",
            "max_age: 90d\nexisting",
            (
                "8: max_age: does not belong here: "
                "it belongs to a criterion, as in {scoring_model: engagement, threshold: 70, max_age: 90d}"
            ),
        ),
    ],
)
def test_groups_holds_and_floors_have_their_place(old: str, new: str, says: str) -> None:
    assert "m.yaml:" + says in refused(with_line(old, new))


def test_grades_and_ages_survive_a_round_trip() -> None:
    text = with_line("threshold: 70", "threshold: 70, max_age: 90d")
    text = text.replace(
        "{scoring_model: demographic, threshold: 50}", "{scoring_model: fit, grades: [A, B], max_age: 2w}"
    )
    model = parse_model(text)
    assert model.criteria == (
        Criterion("engagement", 70.0, max_age=timedelta(days=90)),
        Criterion("fit", grades=("A", "B"), max_age=timedelta(days=14)),
    )
    assert model_of(definition_of(model)) == model
    assert definition_of(model)["criteria"] == [
        {"scoring_model": "engagement", "threshold": 70, "max_age": "90d"},
        {"scoring_model": "fit", "grades": ["A", "B"], "max_age": "2w"},
    ]
    assert msgspec.json.decode(msgspec.json.encode(model), type=QualificationModel) == model


NESTED = """\
id: nested
match: all
hold: 15m
criteria:
  - {scoring_model: engagement, threshold: 70, drop_below: 60}
  - any:
      - {scoring_model: demographic, threshold: 50}
      - at_least: 2
        of:
          - {scoring_model: intent, threshold: 1}
          - {scoring_model: budget, threshold: 2}
          - {scoring_model: engagement, threshold: 90}
actions: {sales_ready: true}
requalification: {policy: on_recross, cool_down: 2d}
"""


def test_nested_groups_survive_a_round_trip() -> None:
    nested = parse_model(NESTED)
    assert [one.scoring_model for one in nested.criteria] == [
        "engagement",
        "demographic",
        "intent",
        "budget",
        "engagement",
    ]
    assert nested.members == (0, Group("any", (1, Group(AtLeast(2), (2, 3, 4)))))
    assert (nested.hold, nested.criteria[0].floor) == (timedelta(minutes=15), 60.0)
    assert model_of(definition_of(nested)) == nested
    assert msgspec.json.decode(msgspec.json.encode(nested), type=QualificationModel) == nested


def test_all_mistakes_are_told_by_line() -> None:
    text = with_line("threshold: 70", "treshold: 70").replace("30d", "soon").replace("match: all", "match: none")
    assert [line.split(": ")[:2] for line in refused(text)] == [
        ["m.yaml:3", "match"],
        ["m.yaml:5", "criteria.0.threshold"],
        ["m.yaml:5", "criteria.0.treshold"],
        ["m.yaml:9", "requalification.cool_down"],
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "m.yaml:1: is empty: write a model with id, match, criteria and actions"),
        ("# nothing\n", "m.yaml:1: is empty: write a model with id, match, criteria and actions"),
        ("- a\n", "m.yaml:1: must be a model with the fields id, name, match, criteria, actions, found a list"),
        ("\n\nnull\n", "m.yaml:3: must be a model with the fields id, name, match, criteria, actions, found null"),
        ("id: a\n\tname: b\n", "m.yaml:2: is not YAML: found character '\\t' that cannot start any token"),
        ("id: [a\nname: b\n", "m.yaml:2: is not YAML: expected ',' or ']', but got ':'"),
        ("id: *nobody\n", "m.yaml:1: is not YAML: found undefined alias 'nobody'"),
        ("id: a\n---\nid: b\n", "m.yaml:2: is not YAML: but found another document"),
        ("[" * 5000, "m.yaml:1: is nested too deeply"),
        (b"id: a\nname: \xff\n", "m.yaml:2: is not UTF-8: save the file as UTF-8"),
        ("#" * 300_000, "m.yaml:1: is larger than 256 KiB: a file contains one definition"),
    ],
)
def test_a_file_that_holds_no_model_is_refused(text: str | bytes, says: str) -> None:
    assert refused(text) == [says]


def test_a_character_that_yaml_refuses_is_said_so() -> None:
    (said,) = refused("id: \x07\n")
    assert said.startswith("m.yaml:1: is not YAML: unacceptable character #x0007")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"id": "a",\n "id": "b",}', "m.json:2: is not JSON: "),
        ("id: a", "m.json:1: is not JSON: "),
        ('{"a":' * 50_000, "m.json:1: is nested too deeply"),
        ('{"id": 1' + "0" * 5000 + "}", "m.json:1: contains a number with too many digits"),
    ],
)
def test_a_json_file_must_be_json(text: str, line: str) -> None:
    (said,) = refused(text, "m.json")
    assert said.startswith(line)


def test_mistakes_in_json_have_lines_too() -> None:
    text = json.dumps(definition_of(MODEL), indent="\t").replace("70", '"70"').replace('"name"', '"id"')
    assert refused(text, "m.json") == [
        "m.json:3: id: appears twice, first on line 2: keep one of them",
        "m.json:8: criteria.0.threshold: must be a number, found text: write it without quotes",
    ]


def test_half_a_surrogate_pair_is_no_text() -> None:
    assert refused(with_line("id: enterprise", 'id: "\\ud800"')) == [
        "m.yaml:1: id: must be text that UTF-8 can encode, found an unpaired surrogate"
    ]


def test_anchors_that_multiply_do_not_blow_up() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert refused(bomb) == [f"m.yaml:6: {TOO_MUCH}"]


TOO_MUCH = "is too large with its aliases (*name) expanded: a file contains one definition"


def _groups_of_groups(levels: int) -> str:
    leaf = "g0: &g0 {all: [{scoring_model: x, threshold: 1}]}\n"
    groups = (f"g{n}: &g{n} {{all: [{', '.join([f'*g{n - 1}'] * 9)}]}}\n" for n in range(1, levels))
    return (
        "id: a\nmatch: all\nactions: {sales_ready: true}\n" + leaf + "".join(groups) + f"criteria: [*g{levels - 1}]\n"
    )


@pytest.mark.parametrize(
    "kind", [JOURNEY, ASSIGNMENT, SEQUENCE, FOLLOW_UP, WEBHOOK, DATAVERSE], ids=lambda kind: kind.name
)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_groups_of_groups(9), id="values"),
        pytest.param(f"id: &n {'x' * 100_000}\nname: [{', '.join(['*n'] * 9)}]\n", id="a long text"),
        pytest.param("id: a\nwhen: &w {all: [*w]}\n", id="no end"),
    ],
)
def test_aliases_are_bounded_in_every_file(text: str, kind: Kind) -> None:
    for source, problems_of in (("m.yaml", kind.problems_of), ("model.yaml", model_problems_of)):
        begun = time.process_time()
        with pytest.raises(BadDefinitionFile) as caught:
            parse_definition(text, source, problems_of)
        assert [one.message for one in caught.value.problems] in (
            [TOO_MUCH],
            ["an alias refers to itself, so it has no end: write it out"],
        )
        assert time.process_time() - begun < 5


def test_aliases_of_a_size_that_makes_sense_are_read() -> None:
    shared = with_line(
        "  - {scoring_model: engagement, threshold: 70}", "  - {any: &both [{scoring_model: a, threshold: 7}]}"
    )
    assert parse_model(shared + "on_rejection: {reasons: {a: &never {requalify: false}, b: *never}}\n").on_rejection


@pytest.mark.parametrize("where", ["criteria.0", "headers"])
def test_only_the_merge_key_itself_is_named(where: str) -> None:
    text = {
        "criteria.0": "id: a\nbase: &base {scoring_model: x}\ncriteria:\n  - <<: *base\n    threshold: 3\n",
        "headers": "id: a\nurl: https://a.example\ntopics: [lead-qualified]\nheaders: {<<: {x-a: b}}\n",
    }[where]
    problems_of = WEBHOOK.problems_of if where == "headers" else model_problems_of
    with pytest.raises(BadDefinitionFile) as caught:
        parse_definition(text, "m.yaml", problems_of)
    assert str(caught.value) == f"m.yaml:4: {where}.<<: merge keys are not supported: write the fields out"


def test_only_the_first_of_many_problems_are_told() -> None:
    lines = refused(ENTERPRISE + "".join(f"f{number}: 1\n" for number in range(30)))
    assert len(lines) == 21
    assert lines[-1] == "m.yaml:30: and 10 more problems: correct those above first"
    begun = time.process_time()
    many = refused(ENTERPRISE + "".join(f"f{number}:\n" for number in range(20_000)))
    assert "and at least 980 more problems" in many[-1]
    assert time.process_time() - begun < 20


def test_a_tag_makes_nothing_but_text() -> None:
    assert parse_model(
        with_line("name: Enterprise-Leads", "name: !!python/object/apply:os.getcwd []x"[:33] + " x")
    ).name


def test_a_command_s_definition_is_refused_with_the_same_words() -> None:
    definition = {**definition_of(MODEL), "hold": "0m"}
    with pytest.raises(InvalidModel) as caught:
        model_of(definition)
    assert [(field, IN_ENGLISH.sentence(fault)) for field, fault in caught.value.problems] == [
        ("hold", "must be longer than zero and at most 365d")
    ]


@pytest.mark.parametrize("text", ["0s", "90s", "15m", "12h", "30d", "2w", "1s", "61m"])
def test_a_cool_down_is_written_in_its_largest_whole_unit(text: str) -> None:
    model = parse_model(with_line("30d", text))
    cool_down = model.requalification.cool_down
    assert cool_down is not None
    assert duration_text(cool_down) == text
    assert duration_text(timedelta(days=14)) == "2w"


def test_many_mistakes_of_a_command_are_told_shortly() -> None:
    with pytest.raises(InvalidModel) as refused:
        model_of({"id": "m"} | {f"field {number}": 1 for number in range(300)})
    faults = tuple(fault(*one) for one in refused.value.problems)
    lines = IN_ENGLISH.sentence(Finding("invalid_definition", faults=faults)).split("\n")
    assert (len(lines), lines[10]) == (11, "and 293 more")
    assert len(refused.value.problems) == 303


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def standard_input(text: str) -> Path:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return Path("-")

    assert read_model_file(standard_input(ENTERPRISE)) == parse_model(ENTERPRISE)
    with pytest.raises(BadDefinitionFile, match=r"^standard input:1: is empty"):
        read_model_file(standard_input(""))
    with pytest.raises(BadDefinitionFile, match="larger than 256 KiB"):
        read_model_file(standard_input("#" * 300_000))


def test_defaults_that_a_file_spells_out_are_not_stored() -> None:
    plain = with_line("existing_leads: evaluate", "# existing_leads").replace("policy: when_reset, ", "")
    assert msgspec.json.encode(parse_model(ENTERPRISE)) == msgspec.json.encode(parse_model(plain))
