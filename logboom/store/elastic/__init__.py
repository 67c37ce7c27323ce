"""Elasticsearch as the store."""

from logboom.store.elastic.store import open_elasticsearch

__all__ = ["open_elasticsearch"]
