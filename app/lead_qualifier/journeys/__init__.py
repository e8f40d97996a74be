"""Journeys: which leads are to enter which, when, and how often."""
