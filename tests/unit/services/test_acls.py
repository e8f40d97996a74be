"""The rights of each login, as a broker takes them."""

from __future__ import annotations

from collections import Counter

import pytest

from lead_qualifier.kafka.acls import as_bindings
from lead_qualifier.services.acls import LOGINS, Naming, grants

NAMING = Naming(topic_prefix="acme.", application_id="acme", create_topics=True, to_prefix="p6.", sink_id="crm")


@pytest.mark.parametrize("login", LOGINS)
def test_no_right_is_given_twice(login: str) -> None:
    """A broker's client refuses a list with repetitions."""
    bindings = [one for grant in grants(login, NAMING) for one in as_bindings(grant, "User:x")]
    counted = Counter((one["operation"], one["resource_type"], one["name"]) for one in bindings)
    assert [right for right, count in counted.items() if count > 1] == []
