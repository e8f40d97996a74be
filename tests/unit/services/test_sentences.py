"""Each code that the engine reports has a sentence, made of the details that come with it."""

from __future__ import annotations

import inspect
import re
from string import Formatter

import pytest

from lead_qualifier.engine import errors
from lead_qualifier.engine.errors import Code
from lead_qualifier.services.sentences import SENTENCES

#: Code -> the details that errors.py names beside it.
DETAILS = dict(re.findall(r'^    ([A-Z_]+) = "[a-z_]+"  # (.*)$', inspect.getsource(errors), re.MULTILINE))


@pytest.mark.parametrize("code", Code)
def test_a_sentence_uses_only_the_details_of_its_code(code: Code) -> None:
    used = {name for _, name, _, _ in Formatter().parse(SENTENCES[code]) if name}
    assert used <= set(DETAILS[code.name].split(", "))
