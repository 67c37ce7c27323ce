"""Which input does a log belong to?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.config import FileInput
from shipper.files.discovery import is_named


class Sections:
    """The file inputs, and the paths at which they have found something.

    Args:
        inputs: In the order of the configuration; the first that names a file has it.
    """

    def __init__(self, inputs: Sequence[FileInput]) -> None:
        self._inputs = inputs
        self._found: dict[str, FileInput] = {}

    def note(self, path: str, section: FileInput) -> None:
        """An input has found a file at a path; the first input counts."""
        self._found.setdefault(path, section)

    def of(self, family: str) -> FileInput:
        """The input that names a path, also when there is no file at it right now."""
        known = self._found.get(family)
        if known is not None:
            return known
        matching = (section for section in self._inputs if is_named(section, family))
        return next(matching, FileInput(path=[family]))
