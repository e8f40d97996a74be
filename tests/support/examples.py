"""How many examples the property tests search: a quarter in `make test`, all in `make test-thorough`."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

#: By profile, which share of the examples that a test names is searched. HYPOTHESIS_PROFILE chooses.
SHARES = {"fast": 0.25, "thorough": 1.0}
_DEFAULT = 100  # Hypothesis' own


def load_profile() -> None:
    """Load the profile chosen. How long an example takes tells of the machine, not of the code."""
    for name, share in SHARES.items():
        settings.register_profile(
            name,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            print_blob=True,
            max_examples=round(_DEFAULT * share),
        )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "fast")


def is_thorough() -> bool:
    """Whether all examples are searched."""
    return settings.get_current_profile_name() == "thorough"


def examples(count: int, **more: Any) -> settings:
    """Settings for a test that searches `count` examples when it is thorough; `more` as of `hypothesis.settings`."""
    share = SHARES[settings.get_current_profile_name()]
    return settings(max_examples=max(10, round(count * share)), **more)
