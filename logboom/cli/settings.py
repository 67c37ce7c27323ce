"""Which configuration does a command work with?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logboom.config import Config, expand, from_mapping, read_mapping
from logboom.environment import process_environment


def settings_of(path: Path | None, data: Path | None, command: str) -> Config:
    """The configuration that a command's options name.

    Args:
        path: Of the file; None: the defaults.
        data: Of the data folder; None: the configuration's.
        command: For messages.

    Raises:
        ConfigError: It cannot be used.
    """
    settings: dict[str, Any] = (
        expand({}) if path is None else read_mapping(path, process_environment())
    )
    if data is not None:
        settings["data"] = str(data)
    return from_mapping(settings, origin=str(path or command))
