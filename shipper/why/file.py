"""What does the file system say of a path: is it there, what is it, who may read it?"""

from __future__ import annotations

import difflib
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from logboom.clock import utc_text
from shipper.files.discovery import NOT_TEXT, has_text_name
from shipper.why.finding import Finding, fine, note, trouble

_KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def file_findings(path: str) -> Iterator[Finding]:
    """Existence, links, kind, rights and size."""
    try:
        itself = os.lstat(path)
    except OSError as error:
        yield _absent(path, error)
        return
    if stat.S_ISLNK(itself.st_mode):
        target = os.path.realpath(path)
        if not os.path.exists(target):  # noqa: PTH110 - a plain path
            yield trouble("link", f"it is a link to {target}, and nothing is there")
            return
        yield note("link", f"it is a link; the file itself is {target}")
    try:
        status = os.stat(path)  # noqa: PTH116 - a plain path
    except OSError as error:
        yield _absent(path, error)
        return
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no file")
        yield trouble(
            "kind", f"it is {kind}; only files are read: name one, or use `logboom check`"
        )
        return
    changed = utc_text(status.st_mtime_ns // 10**9 * 10**9)[:19]
    if not has_text_name(path):
        yield trouble("name", NOT_TEXT)
    yield fine("exists", f"it is a file of {status.st_size:,} bytes, last changed {changed}Z")
    if status.st_nlink > 1:
        yield note("names", f"it has {status.st_nlink} names (hard links); it is read under one")
    yield _rights(path, status)


def _absent(path: str, error: OSError) -> Finding:
    if isinstance(error, PermissionError):
        return trouble("exists", f"its folder cannot be entered by {_user(os.geteuid())}")
    missing = Path(path)
    while not missing.parent.exists() and missing != missing.parent:
        missing = missing.parent
    if str(missing) != path:
        return trouble("exists", f"there is no folder {missing}")
    try:
        names = os.listdir(missing.parent)  # noqa: PTH208 - names
    except OSError:
        names = []
    near = difflib.get_close_matches(missing.name, names, n=1)
    hint = f"; did you mean {missing.parent / near[0]}?" if near else ""
    return trouble("exists", f"there is nothing of that name{hint}")


def _rights(path: str, status: os.stat_result) -> Finding:
    mode = f"{stat.filemode(status.st_mode)} {_user(status.st_uid)}:{_group(status.st_gid)}"
    me = _user(os.geteuid())
    if not os.access(path, os.R_OK, effective_ids=True):
        return trouble("rights", f"{me} may not read it ({mode})")
    return fine("rights", f"{me} may read it ({mode})")


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return f"group {number}"
