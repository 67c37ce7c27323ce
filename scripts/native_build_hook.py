"""Builds the compiled part (`native/`) where Rust is; without it the package is pure Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LIBRARY = Path("logboom", "native", "liblogboom_native.so")
_INDEX_WRITER = _LIBRARY.with_name("liblogboom_index.so")


class NativeBuildHook(BuildHookInterface[Any]):
    """Run by hatchling for wheels and editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Builds the library and puts it into the package, and the index writer if it was built."""
        root = Path(self.root)
        libraries = [_LIBRARY] if _built(root) else []
        if (root / _INDEX_WRITER).exists():
            libraries.append(_INDEX_WRITER)
        if libraries:
            build_data["artifacts"] += [library.as_posix() for library in libraries]
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"


def _built(root: Path) -> bool:
    library, made = root / _LIBRARY, root / "native" / "target" / "release" / _LIBRARY.name
    library.unlink(missing_ok=True)
    cargo = shutil.which("cargo")
    if cargo is not None:
        command = (cargo, "build", "--release", "--locked", "--offline", "--quiet")
        done = subprocess.run(
            command, cwd=root / "native", capture_output=True, text=True, check=False
        )
        if done.returncode:
            _say(f"cargo failed: {done.stderr.strip()}")
            return False
    elif not made.exists():
        _say("there is no cargo (Rust 1.80 or newer)")
        return False
    shutil.copy(made, library)
    return True


def _say(why: str) -> None:
    print(f"logboom is built without its compiled part, and is slower: {why}", file=sys.stderr)
