"""Builds the state of leads anew from the input topics, with the workers' own decider, and compares it with theirs."""
