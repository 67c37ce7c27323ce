"""Elasticsearch's own read API over the embedded store: `docs/elasticsearch-api.md` describes it.

Its query language is read into logboom's one query model (`queries.py`), and its aggregations into
those of `logboom.store.aggregations` (`aggregations.py`): nothing is evaluated here.
"""
