"""The embedded store: a tantivy index per UTC day, the documents beside it."""

from logboom.store.local.store import LocalStore, open_local

__all__ = ["LocalStore", "open_local"]
