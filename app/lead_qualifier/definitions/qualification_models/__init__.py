"""Qualification models as a kind of definition, and what else decides with them: scoring models, the feature switch."""
