"""Which of the installed JDKs runs a service."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.services.errors import ServiceMissing

_FOLDERS_OF_HOMES = ("/usr/lib/jvm", "/usr/lib64/jvm", "/opt/java", "~/.sdkman/candidates/java")


def find_java(at_least: int) -> Path:
    """The home of the oldest installed JDK that is new enough.

    The oldest, because a service is tried by its makers with the versions of its time.

    Args:
        at_least: A major version, such as 17.

    Raises:
        ServiceMissing: When none is new enough.
    """
    return oldest_fitting(_installed_homes(os.environ), at_least)


def oldest_fitting(homes: Iterable[Path], at_least: int) -> Path:
    """`find_java` among these homes; of equal versions the first by name."""
    versions = {home: java_version(home) for home in homes}
    found = sorted((version, home) for home, version in versions.items() if version >= at_least)
    if not found:
        there = sorted({version for version in versions.values() if version})
        raise ServiceMissing(
            f"no Java {at_least} or newer is installed (found: {there or 'none'}); "
            "install one, or name it with JAVA_HOME"
        )
    return found[0][1]


def java_version(home: Path) -> int:
    """The major version of a JDK, from its release file; 0 when it is none, 1 for all before 9."""
    release = home / "release"
    if not (home / "bin" / "java").exists() or not release.is_file():
        return 0
    for line in release.read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "JAVA_VERSION":
            return int(value.strip('" ').partition(".")[0].partition("-")[0].partition("+")[0])
    return 0


def _installed_homes(environment: Mapping[str, str]) -> Iterator[Path]:
    for name, value in environment.items():
        if value and (name == "JAVA_HOME" or name.startswith("JAVA_HOME_")):
            yield Path(value)
    command = shutil.which("java")
    if command:
        yield Path(command).resolve().parent.parent
    for name in _FOLDERS_OF_HOMES:
        folder = Path(name).expanduser()
        if folder.is_dir():
            yield from folder.iterdir()
