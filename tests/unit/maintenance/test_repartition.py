"""What is copied of a downstream service's state to topics of other offsets."""

from __future__ import annotations

import pytest

from lead_qualifier.maintenance.repartition.copier import without_erasure

NOTE = b'"erased":{"offset":7,"until_ms":99}'


@pytest.mark.parametrize(
    ("held", "copied"),
    [
        (b'{"facts":{"sales_ready":true}}', b'{"facts":{"sales_ready":true}}'),
        (b'{"facts":{' + NOTE + b"}}", None),
        (b'{"facts":{"sales_ready":true,' + NOTE + b"}}", b'{"facts":{"sales_ready":true}}'),
        (b'{"facts":{' + NOTE + b'},"queued":true}', b'{"facts":{},"queued":true}'),
        (b'{"facts":{"attributes":{"erased":1.0}}}', b'{"facts":{"attributes":{"erased":1.0}}}'),
        (b'["erased":', b'["erased":'),
        (b'{"erased":1}', b'{"erased":1}'),
    ],
)
def test_an_erasure_at_an_offset_of_the_old_topic_is_not_copied(held: bytes, copied: bytes | None) -> None:
    assert without_erasure(held) == copied
