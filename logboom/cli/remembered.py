"""Which files did the last `logboom up` of a data folder follow? So that `why` need not be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from logboom.config import Config, FileInput

_NAME = "up-inputs.json"
_KEPT = ("path", "exclude", "service", "format", "patterns", "pattern_definitions", "encoding")


def remember_inputs(config: Config) -> None:
    """Writes down what the file inputs name; fields and rules could hold secrets."""
    sections = [
        section.model_dump(mode="json", include=set(_KEPT), exclude_defaults=True)
        for section in config.inputs
        if isinstance(section, FileInput)
    ]
    (config.data / _NAME).write_text(json.dumps(sections), encoding="utf-8")


def remembered_inputs(data: Path) -> Sequence[FileInput] | None:
    """What was written down; None when nothing was, or when it cannot be read."""
    try:
        sections = json.loads((data / _NAME).read_text(encoding="utf-8"))
        return [FileInput.model_validate(section) for section in sections]
    except (OSError, ValueError, TypeError, ValidationError):
        return None
