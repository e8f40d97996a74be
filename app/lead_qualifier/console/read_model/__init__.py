"""A projection of topics into SQL. It decides nothing, and can be dropped and read again at any time."""
