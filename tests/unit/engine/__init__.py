"""The engine's parts without a broker."""
