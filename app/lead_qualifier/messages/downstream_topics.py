"""The topics that only downstream services use, as topics.py has them."""

from lead_qualifier.messages.topics import *  # noqa: F403  only until its importers name topics.py
from lead_qualifier.messages.topics import DOWNSTREAM_TOPICS as CATALOGUE  # noqa: F401
