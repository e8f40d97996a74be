"""Faults drawn from a seed, on three real workers and a broker of their own, and an exact report of what came out."""
