"""Assignment: a qualified lead goes to a seller, a team or a queue, by segments and ordered rules."""
