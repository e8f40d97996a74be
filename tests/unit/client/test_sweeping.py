"""How far a partition has swept the leads that existed at a publish, by its checkpoint."""

import pytest

from lead_qualifier.client.sweeping import _share
from lead_qualifier.engine.checkpoint import NEVER_SWEPT, Checkpoint, Sweep
from lead_qualifier.engine.partitioning import BUCKETS


@pytest.mark.parametrize(
    ("checkpoint", "share"),
    [
        (None, 1.0),  # it holds nothing
        (Checkpoint("a", {}, swept=NEVER_SWEPT), 1.0),
        (Checkpoint("a", {}, swept=7), 1.0),
        (Checkpoint("a", {}, swept=6), 0.0),  # it has not begun
        (Checkpoint("a", {}, swept=6, sweep=Sweep(7, BUCKETS // 4)), 0.25),
        (Checkpoint("a", {}, swept=6, sweep=Sweep(9, BUCKETS // 2)), 0.5),  # a later publish covers this one, too
        (Checkpoint("a", {}, swept=3, sweep=Sweep(5, BUCKETS // 2)), 0.0),  # it walks for an earlier publish
    ],
)
def test_the_share_that_is_swept_since_revision_seven(checkpoint: Checkpoint | None, share: float) -> None:
    assert _share(checkpoint, 7) == share
