"""A small second implementation of the rules, after domain.md and contracts.md alone: it foretells what a worker does.

It shares no code with app/ and imports nothing beyond json, uuid, datetime and the like, so that a mistake there is not
repeated here. It replays records in the order given and is as slow and plain as it likes.
"""
