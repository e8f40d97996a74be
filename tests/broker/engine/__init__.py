"""The engine on a real broker, with a small application of its own."""
