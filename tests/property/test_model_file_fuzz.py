"""Whatever stands in a model file: it is a model, or BadDefinitionFile says what is wrong and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lead_qualifier.messages.errors import BadDefinitionFile
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of, parse_model
from lead_qualifier.qualification.models import QualificationModel
from tests.support.examples import examples

MODEL = b"""\
id: enterprise
name: Enterprise leads
match: {at_least: 1}
criteria:
  - {scoring_model: engagement, threshold: 70}
  - {scoring_model: demographic, threshold: 50.5}
  - {scoring_model: fit, grades: [A, B], max_age: 90d}
actions: {status_reason: marketing_qualified, sales_ready: true}
existing_leads: evaluate
requalification: {policy: when_reset, cool_down: 30d}
audience: {all: [{attribute: country, one_of: [DE, AT]}, {not: {field: owner_id, exists: true}}]}
fast_track: {attribute: revenue, at_least: 1.5}
"""
AS_JSON = json.dumps(yaml.safe_load(MODEL)).encode()
THROWN_IN = st.sampled_from(
    [
        *(bytes([byte]) for byte in b"{}[]\"',:#&*!|>%@`-?0123.eE_+~ \t\n\r\0\x1f\x7f\x80\xc3\xff"),
        *(
            b"&a ",
            b"*a",
            b"<<: ",
            b"!!python/object:os.system ",
            b"!!binary ",
            b"!!timestamp ",
            b"!!float ",
            b"? ",
            b"---\n",
        ),
        *(
            b"...\n",
            b"null",
            b"~",
            b"yes",
            b".inf",
            b".nan",
            b"0x1F",
            b"1:30",
            b"1e999",
            b"\\ud800",
            b"\xf0\x9f\x98\x80",
        ),
        *(b"2026-03-02", b"\xef\xbb\xbf", "\u2028".encode(), b"9" * 5000, b"[" * 3000, b"- " * 500, b"id: "),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def read(content: bytes | str) -> QualificationModel | None:
    """The model, if it is one; what is not must be told with a line and a message."""
    try:
        model = parse_model(content, "file")
    except BadDefinitionFile as bad:
        assert_says_where(bad, content)
        return None
    assert model_of(definition_of(model)) == model
    return model


def assert_says_where(bad: BadDefinitionFile, content: bytes | str) -> None:
    lines = len((content if isinstance(content, str) else content.decode(errors="replace")).splitlines())
    assert bad.problems
    assert all(one.line is not None and 1 <= one.line <= lines + 1 and one.message for one in bad.problems)


@examples(250, derandomize=True)
@given(st.binary(max_size=200) | st.text(max_size=100))
@example(b"")
@example(b"\xff\xfe\x00")
@example(b"a: &a [*a]")
@example(b"&a {<<: *a}")
@example(b"{" * 2000)
@example("\ud800")
@example(b"? [1, 2]\n: 3")
def test_any_bytes_and_any_text(content: bytes | str) -> None:
    read(content)


@examples(400, derandomize=True)
@given(
    st.sampled_from([MODEL, AS_JSON]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), THROWN_IN | st.just(b"")), min_size=1, max_size=3),
)
def test_a_model_that_was_garbled(content: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    for at, cut, thrown_in in changes:
        place = at % (len(content) + 1)
        content = content[:place] + thrown_in + content[place + cut :]
    read(content)


@examples(250, derandomize=True)
@given(
    st.sampled_from(["", "criteria", "actions", "requalification", "match"]),
    st.sampled_from(
        [
            *yaml.safe_load(MODEL),
            "scoring_model",
            "threshold",
            "policy",
            "cool_down",
            "sales_ready",
            "hold",
            "grades",
            "max_age",
            "",
        ]
    ),
    VALUES,
    st.booleans(),
)
def test_a_model_with_something_else_in_a_field(place: str, field: str, value: Any, as_json: bool) -> None:
    definition: dict[str, Any] = yaml.safe_load(MODEL)
    match definition.get(place, definition):
        case [first, *_]:
            first[field] = value
        case dict() as inner:
            inner[field] = value
    text = json.dumps(definition, default=str) if as_json else yaml.safe_dump(definition, allow_unicode=True)
    read(text)


@pytest.mark.parametrize("threshold", ["!!float ten", "!!int " + "9" * 5000, "!!int -+5", "!!float 1.e.2"])
def test_what_calls_itself_a_number_and_is_none_is_told(threshold: str) -> None:
    with pytest.raises(BadDefinitionFile, match=r"criteria\.0\.threshold: must be a number"):
        parse_model(MODEL.decode().replace("threshold: 70", f"threshold: {threshold}"))


def test_what_was_not_garbled_is_read() -> None:
    assert read(MODEL) == read(AS_JSON) is not None
