"""Writes schemas/ from the types that check what follows them."""
