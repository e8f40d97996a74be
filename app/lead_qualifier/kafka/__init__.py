"""The one way to Kafka: connection and security, admin, groups, reading topics, producing, ACLs; knows no leads."""
