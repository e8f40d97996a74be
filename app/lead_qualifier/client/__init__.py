"""For programs that talk to a running installation: commands, lookups, previews, dead letters, scores."""
