"""Oracles: a second, independent implementation of what workers and services decide.

They follow the documentation alone: docs/explanation/how-it-works.md for qualification, docs/explanation/reliability.md
for dead letters, docs/how-to/downstream.md, assignment.md and sequences.md for the services, and the field descriptions
in schemas/. They share no code with app/ and import nothing beyond the standard library, so that a mistake there is not
repeated here. They replay records in the order given, and are as slow and plain as they like.
"""
