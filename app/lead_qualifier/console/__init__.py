"""The console: what Kafka's topics say of leads, projected into SQL, as an HTTP API and as pages."""
