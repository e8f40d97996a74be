"""The one way to Kafka: connection and security, admin, topics as records, compression, tokens."""
