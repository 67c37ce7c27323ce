"""How do secrets leave the fields that a parser found?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from logboom.bounds import MAX_DEPTH, written
from shipper.parsers.port import Fields
from shipper.redaction.rules import CONFIDENTIAL, REPLACEMENT

_SECRET_NAME = re.compile(rf"(?i){CONFIDENTIAL}$")
_MOST_DIGITS: Final = 13  # numbers with fewer digits are no secrets by themselves


def clean_fields(fields: Fields, clean: Callable[[str], str], *, by_name: bool) -> Fields:
    """Takes secrets out of names and values, at any depth.

    Args:
        clean: Takes secrets out of a text.
        by_name: True when a field whose name says that it is a secret holds one, whatever it is.
    """
    cleaner = _Cleaner(clean, by_name=by_name)
    return {cleaner.name(name): cleaner.value(value, name, 0) for name, value in fields.items()}


class _Cleaner:
    def __init__(self, clean: Callable[[str], str], *, by_name: bool) -> None:
        self._clean = clean
        self._by_name = by_name

    def name(self, name: Any) -> str:  # noqa: ANN401 - JSON
        return self._clean(str(name))

    def value(self, value: Any, name: str, depth: int) -> Any:  # noqa: ANN401 - JSON
        if self._by_name and _SECRET_NAME.search(name) and not _is_folder(name, value):
            return _hidden(value, depth)
        if isinstance(value, dict | list) and depth >= MAX_DEPTH:
            return self._text(written(value), name)
        if isinstance(value, dict):
            return {
                self.name(inner): self.value(part, str(inner), depth + 1)
                for inner, part in value.items()
            }
        if isinstance(value, list):
            return [self.value(part, name, depth + 1) for part in value]
        return self._text(value, name) if isinstance(value, str) else self._other(value)

    def _text(self, value: str, name: str) -> str:
        """A secret's name is seen together with its value."""
        prefix = f"{name}="
        return self._clean(prefix + value).removeprefix(prefix)

    def _other(self, value: object) -> object:
        """A number may be a secret by its digits."""
        text = str(value)
        return value if len(text) < _MOST_DIGITS or self._clean(text) == text else REPLACEMENT


def _is_folder(name: str, value: object) -> bool:
    """`pwd` is a password, or the folder that somebody works in."""
    return name.lower() == "pwd" and isinstance(value, str) and value.startswith(("/", "~"))


def _hidden(value: Any, depth: int) -> Any:  # noqa: ANN401 - JSON
    """What is under a secret's name: nothing of it stays but its form, and that it is empty."""
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, list) and depth < MAX_DEPTH:
        return [_hidden(part, depth + 1) for part in value]
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return {str(name): _hidden(part, depth + 1) for name, part in value.items()}
    return REPLACEMENT
