"""Who hands entries to tantivy: its Python package, or the compiled index writer where it was built?

Both write the same files and take the same entries; the compiled one (`native/index/`) makes no
object for an entry and holds no lock of Python's while it works.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from tantivy import Index

from logboom import native

_INTERFACE = 2
_PATH = Path(native.__file__).with_name("liblogboom_index.so")
_REASON_BYTES = 4096


class Chunk(NamedTuple):
    """Entries, each a JSON object without a line break.

    Attributes:
        text: A line each.
        size: How many there are.
    """

    text: bytes
    size: int

    @classmethod
    def of(cls, entries: Sequence[bytes]) -> Chunk:
        """These entries."""
        return cls(b"".join(entry + b"\n" for entry in entries), len(entries))

    @property
    def entries(self) -> list[bytes]:
        """Each of them."""
        return self.text.split(b"\n")[:-1]

    def with_entries(self, others: Mapping[int, bytes]) -> Chunk:
        """The same with others in the places of some."""
        if not others:
            return self
        entries = self.entries
        for number, entry in others.items():
            entries[number] = entry
        return Chunk.of(entries)


class Added(NamedTuple):
    """What became of entries.

    Attributes:
        entries: How many were added: all, or those before the first that was refused.
        refusal: Why it was, in tantivy's words; empty when all were added.
    """

    entries: int
    refusal: str = ""


class IndexWriter(Protocol):
    """Writes to one index. Every method raises `ValueError` when the index fails."""

    def add(self, chunk: Chunk) -> Added:
        """Adds entries, up to the first that is refused."""
        ...

    def commit(self) -> None:
        """Makes everything added durable and visible."""
        ...

    def close(self, *, waits: bool) -> None:
        """Lets go of the index and its lock; the writer is of no use any more.

        Args:
            waits: For merges under way; otherwise they are given up.
        """
        ...


def open_index_writer(index: Index, path: Path, *, memory_bytes: int) -> IndexWriter:
    """Opens an index for writing.

    Args:
        index: It.
        path: Its folder.
        memory_bytes: What tantivy may use before it starts a new segment.

    Raises:
        ValueError: It cannot be opened.
    """
    library = index_library()
    if library is None:
        return PythonIndexWriter(index, memory_bytes)
    return CompiledIndexWriter(library, path, memory_bytes)


class PythonIndexWriter:
    """Writes by tantivy's Python package."""

    def __init__(self, index: Index, memory_bytes: int) -> None:
        self._writer = index.writer(heap_size=memory_bytes, num_threads=1)

    def add(self, chunk: Chunk) -> Added:
        """Adds entries; see `IndexWriter.add`."""
        for count, entry in enumerate(chunk.entries):
            try:
                self._writer.add_json(entry.decode())
            except ValueError as error:
                return Added(count, str(error))
        return Added(chunk.size)

    def commit(self) -> None:
        """Makes everything added visible."""
        self._writer.commit()

    def close(self, *, waits: bool) -> None:
        """Lets go of the index; see `IndexWriter.close`."""
        writer = self._writer
        del self._writer
        if waits:
            writer.wait_merging_threads()


class _Bytes(ctypes.Structure):
    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Reason(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("capacity", ctypes.c_size_t),
        ("used", ctypes.c_size_t),
    )


class _Failure:
    """Room for the words in which the library says why it fails."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(_REASON_BYTES)
        self._reason = _Reason(ctypes.addressof(self._buffer), _REASON_BYTES, 0)
        self.address = ctypes.byref(self._reason)

    def error(self) -> ValueError:
        return ValueError(self._buffer.raw[: self._reason.used].decode("utf-8", "replace"))


class CompiledIndexWriter:
    """Writes by the compiled index writer."""

    def __init__(self, library: ctypes.CDLL, path: Path, memory_bytes: int) -> None:
        self._library = library
        failure = _Failure()
        name = str(path).encode()
        self._handle: int | None = library.logboom_index_open(
            _Bytes(name, len(name)), memory_bytes, failure.address
        )
        if not self._handle:
            raise failure.error()
        self._forgotten = weakref.finalize(self, _close, library, self._handle, waits=False)

    def add(self, chunk: Chunk) -> Added:
        """Adds entries; see `IndexWriter.add`."""
        failure = _Failure()
        added: int = self._library.logboom_index_add(
            self._handle, _Bytes(chunk.text, len(chunk.text)), failure.address
        )
        if added < 0:
            raise failure.error()
        return Added(added, "" if added == chunk.size else "is no entry of this index")

    def commit(self) -> None:
        """Makes everything added visible."""
        failure = _Failure()
        if self._library.logboom_index_commit(self._handle, failure.address) < 0:
            raise failure.error()

    def close(self, *, waits: bool) -> None:
        """Lets go of the index; see `IndexWriter.close`."""
        handle, self._handle = self._handle, None
        self._forgotten.detach()
        if handle:
            _close(self._library, handle, waits=waits)


def _close(library: ctypes.CDLL, handle: int, *, waits: bool) -> None:
    failure = _Failure()
    if library.logboom_index_close(handle, waits, failure.address) < 0:
        raise failure.error()


@lru_cache(maxsize=1)
def index_library() -> ctypes.CDLL | None:
    """The compiled index writer; None where it was not built, or is of another version."""
    try:
        library = ctypes.CDLL(str(_PATH))
        if library.logboom_index_interface() != _INTERFACE:
            return None
    except (OSError, AttributeError):
        return None
    library.logboom_index_open.restype = ctypes.c_void_p
    library.logboom_index_open.argtypes = (_Bytes, ctypes.c_size_t, ctypes.c_void_p)
    for name, arguments in (
        ("add", (ctypes.c_void_p, _Bytes, ctypes.c_void_p)),
        ("commit", (ctypes.c_void_p, ctypes.c_void_p)),
        ("close", (ctypes.c_void_p, ctypes.c_bool, ctypes.c_void_p)),
    ):
        function = library[f"logboom_index_{name}"]
        function.restype, function.argtypes = ctypes.c_int64, arguments
        setattr(library, f"logboom_index_{name}", function)
    return library
