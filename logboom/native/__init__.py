"""The compiled part, where there is one: loops that look at every byte (`native/`, docs/adr/0010).

It is optional. Whoever uses it can do the same without it.
"""

from logboom.native.library import Library, native_library
from logboom.native.values import Entries

__all__ = ["Entries", "Library", "native_library"]
