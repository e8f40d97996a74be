"""Webhooks: events of any topic of ours, posted to a URL, signed."""
