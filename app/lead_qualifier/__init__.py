"""Qualifies the best leads: live scores in, qualified leads out, exactly once."""

__version__ = "0.1.0"
