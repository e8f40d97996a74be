"""Webhooks: events of our topics, signed and posted to a URL."""
