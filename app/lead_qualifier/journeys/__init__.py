"""Journeys: which leads enter which journey, when, and how often."""
