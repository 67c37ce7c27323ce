"""Where may archives lie? In the configured folder, and wherever else somebody has put some.

A folder that was named once with `logboom days archive --to` is remembered in the state, so that its
archives are listed and restored without naming it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from logboom.archive.manifest import DELETED, Manifest, manifest_paths, read_manifest
from logboom.errors import ArchiveDamaged
from logboom.state import State

_KIND = "archive-places"


@dataclass(frozen=True, slots=True)
class Found:
    """The archives that there are.

    Attributes:
        archives: By folder, those that were deleted and are still there last.
        troubles: Folders and manifests that cannot be read, a sentence each.
    """

    archives: tuple[Manifest, ...]
    troubles: tuple[str, ...]


async def remember(state: State, folder: Path) -> None:
    """Remembers a folder with archives.

    Raises:
        StateError: It cannot be remembered.
    """
    key = sha256(str(folder).encode()).hexdigest()
    if await state.get(_KIND, key) is None:
        await state.put(_KIND, key, {"folder": str(folder)})


async def remembered(state: State) -> list[Path]:
    """The folders that were named, ascending.

    Raises:
        StateError: They cannot be found out.
    """
    return sorted(Path(record.value["folder"]) for record in await state.list(_KIND))


def find(configured: Path, others: Iterable[Path] = ()) -> Found:
    """The archives of some folders; what cannot be read is told, and the others are found.

    Args:
        configured: Where archives are by default; it may not be there yet.
            Or a manifest: then that one.
        others: That were named once; the disk of one may be away.

    Raises:
        ArchiveDamaged: The manifest that was named cannot be read.
    """
    if configured.is_file():
        return Found((read_manifest(configured),), ())
    archives: list[Manifest] = []
    troubles: list[str] = []
    further = [folder for folder in others if folder != configured]
    troubles += [
        f"{folder}: archives were moved there, and it is not there now"
        for folder in further
        if not folder.exists()
    ]
    for folder in (configured, *further):
        for place in (folder, folder / DELETED):
            _look(place, archives, troubles)
    return Found(tuple(archives), tuple(troubles))


def _look(place: Path, archives: list[Manifest], troubles: list[str]) -> None:
    try:
        paths = manifest_paths(place)
    except OSError as error:
        troubles.append(f"{place}: cannot be read: {error.strerror}")
        return
    for path in paths:
        try:
            archives.append(read_manifest(path))
        except ArchiveDamaged as error:
            troubles.append(error.sentence())
        except OSError as error:
            troubles.append(f"{path}: cannot be read: {error.strerror}")
