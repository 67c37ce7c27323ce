"""Real services for tests and benchmarks: a Kafka and an Elasticsearch."""
