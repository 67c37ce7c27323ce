"""The HTTP input: Elasticsearch's `_bulk`, OTLP logs and Loki's push."""
