"""Rebuilds the state of leads from the input topics, with the workers' own processor, and compares it with theirs."""
