"""Gives an installation another number of partitions: a second set of topics with all that the first holds.

Leads move when the number changes, so topics cannot grow in place. The first set is only read: it is the way back.
"""
