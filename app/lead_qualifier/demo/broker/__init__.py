"""Find a Kafka broker, or start one."""
