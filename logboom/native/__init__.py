"""The compiled part, where there is one: loops that look at every byte (`native/`, docs/adr/0010).

It is optional. Whoever uses it can do the same without it.
"""

from logboom.native.library import Entries, Library, native_library

__all__ = ["Entries", "Library", "native_library"]
