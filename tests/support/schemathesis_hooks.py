"""What schemathesis leaves out of the requests that it makes of the console's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import schemathesis

#: The server refuses a longer head of a request by itself, in words of its own.
_LONGEST_QUERY = 48 << 10


@schemathesis.hook
def filter_path_parameters(_context: schemathesis.HookContext, path_parameters: Mapping[str, Any] | None) -> bool:
    """Whether it is not about the lead whose stored state is broken: 500 is the right answer to that."""
    return path_parameters is None or path_parameters.get("lead_id") != "L-broken"


@schemathesis.hook
def filter_query(_context: schemathesis.HookContext, query: Mapping[str, Any] | None) -> bool:
    """Whether a query is short enough to reach the application."""
    return query is None or len(urlencode(query, doseq=True)) < _LONGEST_QUERY
