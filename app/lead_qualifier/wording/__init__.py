"""The sentences in which people read what the domain found, by language."""
