"""The one query model: parsed from Lucene's syntax, translated by each store, evaluated in memory."""

from logboom.query.lucene import parse_query

__all__ = ["parse_query"]
