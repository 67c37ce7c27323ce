"""What does a file's name say of rotation and compression?"""

from __future__ import annotations

import re

PACKED = (".gz", ".zst")
"""Endings of compressed files that are read."""
_OTHER_PACKED = (".xz", ".bz2", ".zip", ".lz4")
_BACKUP = re.compile(r"(?:\.~\d++)?~")
_BACKUP_END = re.compile(rf"{_BACKUP.pattern}\Z")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?=[\-_.]?\d)"
_TIME = rf"(?:[\d\-_.:+T]|(?<=\d)Z|{_MONTH})"
"""A piece of a number, a date or a time: `22Nov2026`, `2026-11-22T08:00:00Z`."""
_BEHIND = re.compile(rf"[.\-_]?{_TIME}++|\.(?:old|bak|prev)(?:\.\d++)?|{_BACKUP.pattern}")
_WITHIN = re.compile(rf"[.\-_]{_TIME}++")
_TIME_END = re.compile(rf"(?<![\d\-_.])[\d\-_.]{_TIME}*+\Z")
_DATE_DIGITS = 6


def is_packed_name(name: str) -> bool:
    """Does it look like the name of a compressed file that can be read?"""
    return name.endswith(PACKED)


def unpacked_name(name: str) -> str:
    """The name that a file had before it was compressed."""
    for ending in PACKED:
        if name.endswith(ending):
            return name[: -len(ending)]
    return name


def is_rotated_name(name: str, other: str) -> bool:
    """Does `other` look like what a rotation makes of the file name `name`, compressed or not?"""
    if other == name or other.endswith(_OTHER_PACKED):
        return False
    plain = unpacked_name(other)
    if plain.startswith(name):
        behind = plain[len(name) :]
        return not behind or _BEHIND.fullmatch(behind) is not None
    stem, dot, suffix = name.rpartition(".")
    if not dot or not plain.startswith(stem) or not plain.endswith(dot + suffix):
        return False
    return _WITHIN.fullmatch(plain[len(stem) : len(plain) - len(suffix) - 1]) is not None


def is_backup_name(name: str, other: str) -> bool:
    """Is `other` what editors, rsync and the like keep a file `name` as that they write anew?

    No rotation makes ``app.log~`` or ``app.log.~1~``.
    """
    return other.startswith(name) and _BACKUP.fullmatch(other, len(name)) is not None


def is_numbered_name(root: str, other: str) -> bool:
    """Is it a root's name with a short number before its ending, as in ``app-2.log``?

    Rotation makes such names, and so do many logs of as many workers.
    """
    if is_packed_name(other) or other.startswith(root):
        return False
    number = sum(letter.isdigit() for letter in other) - sum(letter.isdigit() for letter in root)
    return 0 < number < _DATE_DIGITS


def root_name(name: str) -> str:
    """What files that may come from one log by rotation have in common.

    ``app.log``, ``app.log.2.gz``, ``app-2026-11-21.log`` and ``app.log.old`` give ``app.log``. It is
    a hint, and a wide one: ``web-1.log`` and ``web-2.log`` give the same.
    """
    plain = unpacked_name(name)
    plain = plain[: found.start()] if (found := _BACKUP_END.search(plain)) else plain
    plain = _without_numbers(plain)
    for mark in (".old", ".bak", ".prev"):
        plain = plain.removesuffix(mark)
    stem, dot, suffix = plain.rpartition(".")
    return f"{_without_numbers(stem)}{dot}{suffix}" if dot and stem else plain


def root_path(path: str) -> str:
    """`root_name` of the last part of a path."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{root_name(name)}"


def _without_numbers(name: str) -> str:
    """A name without the numbers and dates at its end; itself when it has nothing else."""
    found = _TIME_END.search(name)
    return name[: found.start()] or name if found else name


def may_be_moved(family: str, path: str) -> bool:
    """True when a path is below a log's folder, or has its name or one that rotations give to it."""
    folder, _, name = family.rpartition("/")
    its = path.rpartition("/")[2]
    return path.startswith(f"{folder}/") or its == name or is_rotated_name(name, its)
