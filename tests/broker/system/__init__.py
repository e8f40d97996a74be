"""The worker as its users meet it: processes, topics, health and metrics. What is under test is never imported here."""
