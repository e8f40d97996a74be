"""Reads the docstrings below the fields of a class, which Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def below_fields(class_: type) -> dict[str, str]:
    """What stands below each field, in one line, by the field's name; also below those inherited within the package."""
    found: dict[str, str] = {}
    for one in reversed(class_.__mro__):
        if one.__module__.partition(".")[0] == class_.__module__.partition(".")[0]:
            found |= _of_its_own(one)
    return found


def _of_its_own(class_: type) -> dict[str, str]:
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(class_))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for above, below in pairwise(definition.body):
        match above, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
