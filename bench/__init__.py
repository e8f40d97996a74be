"""The worker measured beside a hand-written transactional loop that decides the same: `python -m bench`."""
