"""Are the files of a day's index as tantivy wrote them?

Each of them ends with a checksum of what is before it, which tantivy itself does not look at: a file that
a disk has spoilt makes it fail, or panic, at whatever question comes upon the place.
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from logboom.store.local.blocks import UNREADABLE

log = logging.getLogger("logboom.store")

_END = struct.Struct("<II")  # bytes of the footer, magic number
_MAGIC = 1337
_AT_ONCE = 2**20
_META_NAME = "meta.json"
TERMS = ".term"
"""How the names of the files end that say in how many documents each term is."""

_MARK_NAME = "spoilt"
_UNFINISHED_NAME = "unfinished"


_GAVE_UP = "tantivy gave up"
_DAMAGE = (
    _GAVE_UP,
    "Failed to open",
    "An IO error occurred",
    "Data corrupted",
    "A thread holding the locked panicked",
    "An error occurred in a thread",
    "Internal error",
    "InternalError",
    "Schema error: 'Fast field not available",
)
"""How tantivy's sentences begin that a spoilt file can cause; the columns that are sorted by are never missing."""


def is_panic(error: BaseException) -> bool:
    """True for what tantivy's Python package raises where tantivy gives up; it has no name to import."""
    return type(error).__name__ == "PanicException"


@contextmanager
def panics_told() -> Iterator[None]:
    """Makes errors of panics.

    Raises:
        ValueError: Tantivy gave up.
    """
    try:
        yield
    except BaseException as error:
        if is_panic(error):
            raise ValueError(f"{_GAVE_UP}: {error}") from error
        raise


def speaks_of_damage(error: ValueError) -> bool:
    """True for what tantivy says where it cannot read its files; not where it refuses a question."""
    return str(error).startswith(_DAMAGE)


def refuse_damage(error: ValueError) -> None:
    """Sees to it that a spoilt file is not taken for a question that is too large.

    Raises:
        ValueError: The error speaks of damage.
    """
    if speaks_of_damage(error):
        raise error


def first_spoilt(index: Path, kind: str = "") -> str | None:
    """The name of a file that is not as it was written; None when all are sound.

    Args:
        index: Folder of tantivy's files; another process may write to it.
        kind: How the names of those that are looked at end.

    Raises:
        OSError: The file system refuses, for another reason than that a disk cannot give back what it was given.
    """
    try:
        segments = orjson.loads((index / _META_NAME).read_bytes())["segments"]
        names = {segment["segment_id"].replace("-", "") for segment in segments}
    except (ValueError, LookupError, TypeError, AttributeError):
        return _META_NAME
    except FileNotFoundError:
        return _META_NAME
    except OSError as error:
        if error.errno not in UNREADABLE:
            raise
        return _META_NAME
    files = (path for path in sorted(index.iterdir()) if path.name.split(".")[0] in names)
    files = (path for path in files if path.name.endswith(kind))
    return next((path.name for path in files if not _is_sound(path)), None)


def mark(index: Path) -> None:
    """Leaves word to whoever writes that an index has to be made anew."""
    try:
        (index / _MARK_NAME).touch()
    except OSError as error:
        log.warning("nobody can be told that an index is spoilt: %s", error)


def is_marked(index: Path) -> bool:
    """True when somebody has found the index spoilt."""
    return (index / _MARK_NAME).exists()


def is_lost(index: Path) -> bool:
    """True when somebody has removed the index, or a crash has left nothing of one that was emptied."""
    return not (index / _META_NAME).exists()


def begin_anew(index: Path) -> None:
    """Empties an index and leaves word to whoever reads that it does not hold all of its day.

    The description goes first: what a crash leaves over belongs to no index.

    Args:
        index: Folder of tantivy's files; it is made where it is lost.

    Raises:
        FileNotFoundError: The day is gone.
        OSError: The file system refuses.
    """
    index.mkdir(exist_ok=True)
    unfinished = index / _UNFINISHED_NAME
    unfinished.touch()
    (index / _META_NAME).unlink(missing_ok=True)
    for path in index.iterdir():
        if path != unfinished:
            path.unlink(missing_ok=True)


def finish(index: Path) -> None:
    """Takes the word back: the index holds all of its day.

    Raises:
        OSError: The file system refuses.
    """
    (index / _UNFINISHED_NAME).unlink(missing_ok=True)


def is_unfinished(index: Path) -> bool:
    """True while an index that was emptied does not hold all of its day again."""
    return (index / _UNFINISHED_NAME).exists()


def _is_sound(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _END.size))
            footer_bytes, magic = _END.unpack(file.read())
            end = size - _END.size - footer_bytes
            if magic != _MAGIC or end < 0:
                return False
            file.seek(end)
            expected = orjson.loads(file.read(footer_bytes))["crc"]
            file.seek(0)
            checksum = 0
            while end > 0 and (piece := file.read(min(_AT_ONCE, end))):
                checksum, end = zlib.crc32(piece, checksum), end - len(piece)
    except FileNotFoundError:
        return True  # merged into another one meanwhile
    except (ValueError, LookupError, TypeError, struct.error):
        return False
    except OSError as error:
        if error.errno not in UNREADABLE:
            raise
        return False
    return bool(checksum == expected)
