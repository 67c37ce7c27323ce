"""Which files does an input name, and which are their rotated siblings?"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from logboom.config import FileInput

_MAGIC = re.compile(r"[*?\[]")
_COMPRESSED = (".gz", ".zst", ".xz", ".bz2", ".zip", ".lz4")


def _nobody_asks(_path: str, _why: str) -> None:
    """For those who need not know what is left out."""


def find_files(
    section: FileInput, left_out: Callable[[str, str], None] = _nobody_asks
) -> Iterator[tuple[str, os.stat_result]]:
    """The regular files that exist now and that an input names, each path once.

    A folder stands for all files in it and below it, except hidden ones. Symbolic links to files
    are followed, those to folders are not. A file of several names is given once.

    Args:
        section: The input.
        left_out: Told of paths that cannot be read whatever is in them, and why.
    """
    seen: set[str | tuple[int, int]] = set()
    for pattern in section.path:
        for path in _matches(pattern):
            if path in seen or _is_excluded(path, section.exclude):
                continue
            seen.add(path)
            if not _has_text_name(path):
                visible = os.fsencode(path).decode("utf-8", "backslashreplace")
                left_out(visible, "its name is not in UTF-8: rename it")
                continue
            status = _regular(path)
            if status is not None and (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                yield path, status


def _has_text_name(path: str) -> bool:
    """False for a name that is no UTF-8: nothing could refer to such a file."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def unmatched(section: FileInput) -> list[str]:
    """The paths of an input that name no file at the moment."""
    return [pattern for pattern in section.path if not any(map(_regular, _matches(pattern)))]


def _matches(pattern: str) -> Iterator[str]:
    path = os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - globs are no paths
    if not _MAGIC.search(pattern):
        if Path(path).is_dir():
            yield from _files_below(path)
        else:
            yield path
        return
    yield from glob.iglob(path, recursive=True)


def _files_below(folder: str) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.join(here, name)  # noqa: PTH118 - thousands of them, every second


def _is_excluded(path: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(path, p) or fnmatch.fnmatch(Path(path).name, p) for p in patterns)


def is_named(section: FileInput, path: str) -> bool:
    """Does an input name this path, whether or not there is a file?"""
    for pattern in section.path:
        full = os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - globs are no paths
        if path == full or path.startswith(f"{full}/") or fnmatch.fnmatch(path, full):
            return not _is_excluded(path, section.exclude)
    return False


def _regular(path: str) -> os.stat_result | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of them, every second
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def rotated_siblings(path: str) -> list[tuple[str, os.stat_result]]:
    """Files beside `path` whose names say that they were rotated away from it, newest first.

    For ``app.log`` these are for example ``app.log.1``, ``app.log-20261121``, ``app-2026-11-21.log``
    and ``app.1.log``; compressed ones are left out.
    """
    here = Path(path)
    found: list[tuple[str, os.stat_result]] = []
    try:
        with os.scandir(here.parent) as entries:
            for entry in entries:
                if is_rotated_name(here.name, entry.name):
                    status = _regular(entry.path)
                    if status is not None:
                        found.append((entry.path, status))
    except OSError:
        return []
    return sorted(found, key=lambda item: item[1].st_mtime_ns, reverse=True)


def is_rotated_name(name: str, other: str) -> bool:
    """Does `other` look like what a rotation makes of the file name `name`?"""
    if other == name or other.endswith(_COMPRESSED):
        return False
    if other.startswith(name):
        return (
            re.fullmatch(r"[.\-_]?[\d\-_.T]+|\.(?:old|bak|prev)(?:\.\d+)?|~", other[len(name) :])
            is not None
        )
    stem, dot, suffix = name.rpartition(".")
    if not dot or not other.startswith(stem) or not other.endswith(dot + suffix):
        return False
    middle = other[len(stem) : len(other) - len(suffix) - 1]
    return re.fullmatch(r"[.\-_][\d\-_.T]+", middle) is not None
