"""Builds the compiled index writer (`native/index/`) into the package: minutes, once per version.

Its crates are pinned in `crates.lock`: cargo's lock file with `default` in place of the address of
cargo's own registry, which is whatever cargo says it is.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_CRATE = _ROOT / "native" / "index"
_PINS = _CRATE / "crates.lock"
_MADE_FROM = ("Cargo.toml", "crates.lock", "src/*.rs")
_LIBRARY = "liblogboom_index.so"
_INSTALLED = _ROOT / "logboom" / "native" / _LIBRARY
_SOURCE = re.compile(r'^source = "(.*)"$', re.MULTILINE)


class Unbuildable(Exception):
    """It cannot be built here; the message says why."""


def build() -> None:
    """Builds it, or takes the one that was built from the same sources before.

    Raises:
        Unbuildable: There is no cargo, or it fails.
    """
    kept = _cache() / _version() / _LIBRARY
    if not kept.exists():
        cargo = shutil.which("cargo")
        if cargo is None:
            raise Unbuildable("there is no cargo (Rust 1.88 or newer)")
        work = _cache() / "crate"
        _copy_crate(work)
        _write_lock(cargo, work)
        _run((cargo, "build", "--release", "--locked", "--quiet"), work)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(work / "target" / "release" / _LIBRARY, kept)
    new = _INSTALLED.with_name(f"new-{_LIBRARY}")
    shutil.copy(kept, new)  # a process that starts meanwhile finds the old one
    new.replace(_INSTALLED)


def pin() -> None:
    """Pins the newest crates that suit `Cargo.toml`."""
    cargo = shutil.which("cargo") or "cargo"
    work = _cache() / "crate"
    _copy_crate(work)
    _run((cargo, "generate-lockfile", "--quiet"), work)
    lock = (work / "Cargo.lock").read_text()
    _PINS.write_text(_SOURCE.sub('source = "default"', lock))


def is_kept() -> bool:
    """True when it was built from these sources before."""
    return (_cache() / _version() / _LIBRARY).exists()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "logboom-index-writer"


def _version() -> str:
    """Names these sources."""
    digest = sha256()
    for pattern in _MADE_FROM:
        for path in sorted(_CRATE.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _copy_crate(work: Path) -> None:
    """Puts the sources where all checkouts of one user build, beside what was compiled before."""
    (work / "src").mkdir(parents=True, exist_ok=True)
    for old in (work / "src").iterdir():
        old.unlink()
    shutil.copy(_CRATE / "Cargo.toml", work)
    for path in (_CRATE / "src").glob("*.rs"):
        shutil.copy(path, work / "src")
    (work / "Cargo.lock").unlink(missing_ok=True)


def _write_lock(cargo: str, work: Path) -> None:
    """Writes cargo's lock file from the pins."""
    _run((cargo, "generate-lockfile", "--quiet"), work)
    lock = work / "Cargo.lock"
    found = _SOURCE.search(lock.read_text())
    if found is None:
        raise Unbuildable("cargo names no registry")
    lock.write_text(_PINS.read_text().replace('source = "default"', found[0]))


def _run(command: tuple[str, ...], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unbuildable(f"cargo failed: {done.stderr.strip()}")


def main() -> int:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description="Builds the compiled index writer.")
    parser.add_argument("--pin", action="store_true", help="pin the newest crates instead")
    parser.add_argument("--kept", action="store_true", help="only if it was built before")
    options = parser.parse_args()
    if options.pin:
        pin()
    elif options.kept and not is_kept():
        _INSTALLED.unlink(missing_ok=True)  # it may be of other sources
    else:
        try:
            build()
        except Unbuildable as error:
            print(f"the compiled index writer was not built: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
