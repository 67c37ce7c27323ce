"""What a shipper is asked to send, and its process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml


@dataclass(frozen=True, slots=True)
class Sending:
    """A file that is to go to a Kafka topic.

    Attributes:
        folder: The shipper's working folder, which is there and empty.
        log: The file to send.
        kafka: HOST:PORT.
        topic: Which is there already.
        compression: Of the batches, as Kafka calls it.
        joins_lines: An entry begins with a date, and is sent as the message of a JSON object. Else
            each line is sent as it is.
    """

    folder: Path
    log: Path
    kafka: str
    topic: str
    compression: str
    joins_lines: bool


def start_in(
    folder: Path, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> psutil.Popen:
    """Starts a child in a session of its own; what it says goes to the folder's file `said`.

    Args:
        folder: Which is there.
        command: The program and its arguments.
        environment: In addition to ours.
    """
    with (folder / "said").open("wb") as said:
        return psutil.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip


def start_ship(folder: Path, settings: Mapping[str, Any]) -> psutil.Popen:
    """Starts `logboom ship` with these settings, which it keeps in the folder."""
    config = folder / "logboom.yaml"
    config.write_text(yaml.safe_dump(dict(settings)))
    return start_in(folder, [sys.executable, "-m", "logboom", "ship", "-c", config])
