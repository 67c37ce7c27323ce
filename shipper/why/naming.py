"""Which input names a path, or why does none?"""

from __future__ import annotations

import difflib
import fnmatch
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from logboom.config import FileInput
from shipper.files.discovery import find_files, is_named
from shipper.files.names import is_rotated_name
from shipper.why.finding import Finding, fine, note, trouble

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Naming:
    """The input that names a path, if any does, and what is to be said about it."""

    section: FileInput | None
    findings: Sequence[Finding]


def naming_of(path: str, inputs: Sequence[FileInput], family: str | None = None) -> Naming:
    """Asks the inputs in their order, as the shipper does: the first that names a file has it.

    Args:
        path: Of the file.
        inputs: Those that name files.
        family: The path under which it was read, when the registry knows it.
    """
    if not inputs:
        return Naming(None, [trouble("inputs", "the configuration has no input with `path`")])
    for number, section in enumerate(inputs, 1):
        found = dict(find_files(section))
        if path in found:
            return Naming(section, [fine("inputs", f"input {number} names it: {_shown(section)}")])
        other = _other_name(path, found)
        if other is not None:
            sentence = f"input {number} reads the same file under its other name, {other}"
            return Naming(section, [note("inputs", sentence)])
    for number, section in enumerate(inputs, 1):
        if family not in {None, path} and is_named(section, str(family)):
            sentence = f"it was {family} when it was read, which input {number} names"
            return Naming(section, [fine("rotation", sentence)])
    return Naming(None, list(_why_none(path, inputs)))


def _why_none(path: str, inputs: Sequence[FileInput]) -> Iterator[Finding]:
    for number, section in enumerate(inputs, 1):
        everything = section.model_copy(update={"exclude": []})
        if is_named(everything, path):
            excluding = [p for p in section.exclude if not is_named(_only(section, p), path)]
            if excluding:
                yield trouble(
                    "inputs", f"input {number} would name it, but `exclude` has {excluding[0]!r}"
                )
                return
            if any(part.startswith(".") for part in Path(path).parts):
                yield trouble("inputs", "hidden files (.name) are read only when named as such")
                return
            if any(_names_place(pattern, path) for pattern in everything.path):
                yield note("inputs", f"input {number} names its place: {_shown(section)}")
                return
    patterns = [(n, pattern) for n, section in enumerate(inputs, 1) for pattern in section.path]
    number, nearest = max(
        patterns, key=lambda entry: difflib.SequenceMatcher(None, entry[1], path).ratio()
    )
    yield trouble(
        "inputs", f"no input names it; the nearest is input {number}, {nearest!r}: "
        f"{_why_not(path, nearest)}",
    )  # fmt: skip
    family = _family(path)
    if family is not None:
        named = any(is_named(section, str(family)) for section in inputs)
        if named:
            yield note(
                "rotation",
                f"it looks like a rotated {family.name}, which an input names: what was not read of it"
                " before its renaming is read on from it, older ones are left alone",
            )


def _names_place(pattern: str, path: str) -> bool:
    """Would a file at the path be read, if one could be?"""
    full = os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - globs are no paths
    if not _MAGIC & set(pattern):
        return path == full or path.startswith(f"{full}/")
    is_as_deep = "**" in pattern or path.count("/") == full.count("/")
    return is_as_deep and fnmatch.fnmatch(path, full)


def _why_not(path: str, pattern: str) -> str:
    full = os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - globs are no paths
    folder, name = Path(path).parent, Path(path).name
    there, wanted = Path(full).parent, Path(full).name
    if not _MAGIC & set(pattern):
        return "it is another path"
    if fnmatch.fnmatch(name, wanted) and not fnmatch.fnmatch(str(folder), str(there)):
        deeper = fnmatch.fnmatch(path, f"{there}/*") and "**" not in pattern
        hint = f"; write {there}/**/{wanted} for all folders below" if deeper else ""
        return f"its folder is {folder}, not {there}{hint}"
    if not fnmatch.fnmatch(name, wanted):
        also = f"; {wanted}* would match it" if fnmatch.fnmatch(name, f"{wanted}*") else ""
        return f"its name {name!r} does not match {wanted!r}{also}"
    return "it does not match"


def _family(path: str) -> Path | None:
    """The file beside a path that it may have been rotated away from."""
    here = Path(path)
    try:
        names = sorted(os.listdir(here.parent), key=len)  # noqa: PTH208 - names
    except OSError:
        return None
    found = next((name for name in names if is_rotated_name(name, here.name)), None)
    return None if found is None else here.parent / found


def _other_name(path: str, found: dict[str, os.stat_result]) -> str | None:
    try:
        mine = os.stat(path)  # noqa: PTH116 - a plain path
    except OSError:
        return None
    where = (mine.st_dev, mine.st_ino)
    return next((n for n, status in found.items() if (status.st_dev, status.st_ino) == where), None)


def _only(section: FileInput, pattern: str) -> FileInput:
    return section.model_copy(update={"exclude": [pattern]})


def _shown(section: FileInput) -> str:
    return ", ".join(section.path)
