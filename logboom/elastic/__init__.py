"""Elasticsearch, however it is used: how it is asked, what it is, what its answers mean."""
