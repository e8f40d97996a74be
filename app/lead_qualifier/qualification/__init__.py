"""The domain: leads, criteria, models and their lifecycle, and the decision that qualifies a lead. Pure, no I/O."""
