"""Dataverse's webhook: what its execution contexts say of leads."""
