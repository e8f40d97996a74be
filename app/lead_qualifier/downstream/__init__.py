"""What happens to a qualified lead: journeys, assignment, sequences and follow-up, each a service of its own."""
