"""The sentences for people, by language: what the domain found, the engine reports, and Kafka refused."""
