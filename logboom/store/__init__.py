"""The store port: where events rest, by day, and are found.

Two implementations pass one contract suite (`tests/contract/test_store*.py`):
`logboom.store.elastic` and `logboom.store.local`. `open_store` chooses by the configuration.
"""

from logboom.store.opening import open_store
from logboom.store.port import Store, StoreWriter
from logboom.store.values import (
    Bucket,
    Count,
    Day,
    Document,
    Facets,
    FieldUse,
    FieldUses,
    Group,
    Groups,
    Histogram,
    Outcome,
    Page,
    Rejected,
    SearchRequest,
    SortOrder,
    SourceCount,
    TimeRange,
    ValueCount,
)

__all__ = [
    "Bucket",
    "Count",
    "Day",
    "Document",
    "Facets",
    "FieldUse",
    "FieldUses",
    "Group",
    "Groups",
    "Histogram",
    "Outcome",
    "Page",
    "Rejected",
    "SearchRequest",
    "SortOrder",
    "SourceCount",
    "Store",
    "StoreWriter",
    "TimeRange",
    "ValueCount",
    "open_store",
]
