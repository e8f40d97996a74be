"""Faults drawn from a seed, on three real workers and a broker of their own, and an exact account of what came out."""
