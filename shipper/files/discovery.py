"""Which files does an input name, and which are their rotated siblings?"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from logboom.config import FileInput
from shipper.files.identity import FileId, file_id
from shipper.files.listings import Listings
from shipper.files.names import is_backup_name, is_rotated_name, root_path

_MOST_RELATIVES = 64
NOT_TEXT = "its name is not in UTF-8: rename it"
"""Why a file is left out to whose name nothing could refer."""
_MAGIC = re.compile(r"[*?\[]")
_CLOSED = "its folder may not be read or entered: give logboom's user the right to"
Told = Callable[[str, str], None]
Found = tuple[str, os.stat_result]


def _nobody_asks(_path: str, _why: str) -> None:
    """For those who need not know what is left out."""


def find_files(section: FileInput, left_out: Told = _nobody_asks) -> Iterator[Found]:
    """The regular files that exist now and that an input names, each path once.

    A folder stands for all files in it and below it, except hidden ones. Symbolic links to files
    are followed, those to folders are not. A file of several names is given once.

    Args:
        section: The input.
        left_out: Told of paths that cannot be read whatever is in them, and why.
    """
    seen: set[tuple[int, int]] = set()
    is_excluded = _excluding(section.exclude)
    for pattern in section.path:
        for path, status in _matches(pattern, left_out):
            if is_excluded is not None and is_excluded(path):
                continue
            where = (status.st_dev, status.st_ino)
            if where in seen:
                continue
            if not path.isascii() and not has_text_name(path):
                visible = os.fsencode(path).decode("utf-8", "backslashreplace")
                left_out(visible, NOT_TEXT)
                continue
            seen.add(where)
            yield path, status


def folders_of(section: FileInput) -> set[str]:
    """The folders in which files of an input may appear, as far as they exist now."""
    found: set[str] = set()
    for pattern in section.path:
        path = _full(pattern)
        if not _MAGIC.search(pattern) and Path(path).is_dir():
            found |= {folder for folder, _, _ in _walk(path)}
        else:
            found |= set(_folders(_divided(path)[0]))
    return found


def linked_folders(section: FileInput) -> set[str]:
    """The folders that symbolic links to files of an input lead to: what they lead to may change."""
    found: set[str] = set()
    for folder in folders_of(section):
        try:
            with os.scandir(folder) as entries:
                links = [entry.path for entry in entries if entry.is_symlink()]
        except OSError:
            continue
        found |= {os.path.dirname(os.path.realpath(link)) for link in links}  # noqa: PTH120 - many
    return found


def has_text_name(path: str) -> bool:
    """False for a name that is no UTF-8: nothing could refer to such a file."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def unmatched(section: FileInput) -> list[str]:
    """The paths of an input that name no file at the moment."""
    return [pattern for pattern in section.path if not any(True for _ in _matches(pattern))]


def _full(pattern: str) -> str:
    return os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - globs are no paths


def _matches(pattern: str, left_out: Told = _nobody_asks) -> Iterator[Found]:
    path = _full(pattern)
    if not _MAGIC.search(pattern):
        if Path(path).is_dir():
            for folder, _, _ in _walk(path, left_out):
                yield from _files_in(folder, lambda name: not name.startswith("."), left_out)
        else:
            status = regular_file(path)
            if status is not None:
                yield path, status
        return
    folder, name = _divided(path)
    shown = re.compile(fnmatch.translate(name)).match
    hidden = name.startswith(".")
    for here in _folders(folder):
        yield from _files_in(
            here, lambda n: (hidden or n[0] != ".") and shown(n) is not None, left_out
        )


def _divided(pattern: str) -> tuple[str, str]:
    """The glob of the folders and that of the names: two stars at the end are any file at any depth."""
    folder, _, name = pattern.rpartition("/")
    return (pattern, "*") if name == "**" else (folder or "/", name)


def _folders(pattern: str) -> Iterator[str]:
    if not _MAGIC.search(pattern):
        yield pattern
        return
    for path in sorted(glob.iglob(f"{pattern}/", recursive=True)):
        yield path.rstrip("/") or "/"


def _walk(folder: str, left_out: Told = _nobody_asks) -> Iterator[tuple[str, list[str], list[str]]]:
    def tell(error: OSError) -> None:
        if isinstance(error, PermissionError):
            left_out(str(error.filename), _CLOSED)

    for here, folders, names in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield here, folders, names


def _files_in(folder: str, is_wanted: Callable[[str], bool], left_out: Told) -> Iterator[Found]:
    """Regular files of one folder, and links to such, by name."""
    try:
        with os.scandir(folder) as entries:
            wanted = sorted((entry.name, entry) for entry in entries if is_wanted(entry.name))
    except PermissionError:
        left_out(folder, _CLOSED)
        return
    except OSError:
        return
    for _, entry in wanted:
        try:
            status = entry.stat()
        except PermissionError:
            left_out(entry.path, _CLOSED)
            continue
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield entry.path, status


def _excluding(patterns: list[str]) -> Callable[[str], bool] | None:
    if not patterns:
        return None
    found = [re.compile(fnmatch.translate(_exclusion(pattern))).match for pattern in patterns]

    def is_excluded(path: str) -> bool:
        name = path.rpartition("/")[2]
        return any(match(path) or match(name) for match in found)

    return is_excluded


def _exclusion(pattern: str) -> str:
    """Names and parts of paths are taken as they are, what begins with `~` is at home."""
    return os.path.expanduser(pattern)  # noqa: PTH111 - globs are no paths


def is_named(section: FileInput, path: str) -> bool:
    """Does an input name this path, whether or not there is a file?"""
    is_excluded = _excluding(section.exclude)
    for pattern in section.path:
        full = _full(pattern)
        if path == full or path.startswith(f"{full}/") or fnmatch.fnmatch(path, full):
            return is_excluded is None or not is_excluded(path)
    return False


def regular_file(path: str) -> os.stat_result | None:
    """The status of a regular file; None when there is none at the path."""
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of them, every second
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def relatives(path: str, listings: Listings | None = None) -> list[Found]:
    """Files in which the content of a log may be now, newest first: its rotated siblings.

    A log that was found under a rotated name (``app.log.1``) may be rotated on (``app.log.2.gz``).

    Args:
        path: Of the log.
        listings: Folders that were listed before; they are listed again without.
    """
    known_folders = listings if listings is not None else Listings()
    found = rotated_siblings(path, known_folders)
    root = root_path(path)
    if root != path:
        known = {sibling for sibling, _ in found} | {path}
        others = [item for item in rotated_siblings(root, known_folders) if item[0] not in known]
        found += others[:_MOST_RELATIVES]
    return found


def places(found: Iterable[Found]) -> set[tuple[str, FileId]]:
    """Which file is where: when it is the same before and after a search, nothing was moved."""
    return {(path, file_id(status)) for path, status in found}


def rotated_siblings(path: str, listings: Listings | None = None) -> list[Found]:
    """Files beside `path` whose names say that they were rotated away from it, newest first.

    For ``app.log`` these are for example ``app.log.1``, ``app.log-20261121``, ``app-2026-11-21.log``,
    ``app.1.log`` and ``app.log.2.gz``.

    Args:
        path: Of the log.
        listings: Folders that were listed before; they are listed again without.
    """
    found = _siblings(path, is_rotated_name, listings if listings is not None else Listings())
    return sorted(found, key=lambda item: item[1].st_mtime_ns, reverse=True)


def backups(path: str) -> list[Found]:
    """Files beside `path` as which whoever wrote it anew kept what was there before."""
    return list(_siblings(path, is_backup_name, Listings()))


def _siblings(path: str, is_one: Callable[[str, str], bool], listings: Listings) -> Iterator[Found]:
    folder, _, name = path.rpartition("/")
    for other in listings.beginning_with(folder or "/", name.rpartition(".")[0] or name):
        if is_one(name, other):
            sibling = f"{folder}/{other}"
            status = regular_file(sibling)
            if status is not None:
                yield sibling, status
