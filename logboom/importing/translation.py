"""What came of a translation, and what did not come along?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_REFERENCE = re.compile(r"\$\{(\w+)(?::([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that could not be translated, or means something a little different now.

    Attributes:
        line: Of the file that was read, from 1; 0 for the file as a whole.
        text: One sentence.
    """

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Translation:
    """A configuration of ours, in its short form.

    Attributes:
        settings: As `logboom.yaml` has them.
        notes: By line.
    """

    settings: Mapping[str, Any]
    notes: Sequence[Note]


class Settings:
    """The settings of one part of the file that is read; what nobody takes is told at the end.

    Args:
        values: By name; nested ones have dotted names.
        lines: Line of each.
        title: Of the part, for notes.
        notes: Where notes go.
        line: Of the part itself.
    """

    def __init__(
        self, values: Mapping[str, Any], lines: Mapping[str, int], title: str, notes: list[Note],
        *, line: int = 0,
    ) -> None:  # fmt: skip
        self._left = dict(values)
        self._lines = lines
        self._title = title
        self._notes = notes
        self._line = line

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - settings are of any shape
        """The value of a setting, which counts as translated from now on."""
        return self._left.pop(name, default)

    def take_below(self, prefix: str) -> dict[str, Any]:
        """All settings whose dotted names begin with a prefix, without it."""
        front = f"{prefix}."
        names = [name for name in self._left if name.startswith(front)]
        return {name.removeprefix(front): self._left.pop(name) for name in names}

    def line(self, name: str) -> int:
        """Line of a setting, or of the first below it; of the whole part when it is not there."""
        if name in self._lines:
            return self._lines[name]
        below = [line for key, line in self._lines.items() if key.startswith(f"{name}.")]
        return min(below, default=self._line)

    def note(self, name: str, text: str) -> None:
        """Notes something about a setting."""
        self._notes.append(Note(self.line(name), f"{self._title}: `{name}` {text}"))

    def ignore(self, names: Iterable[str], why: str) -> None:
        """Notes of each of these settings, if it is there, why it is left out."""
        for name in names:
            if name in self._left:
                self.note(name, f"is left out: {why}")
                del self._left[name]

    def finish(self) -> None:
        """Notes everything that nobody took."""
        for name in self._left:
            self.note(name, "is not translated")
        self._left.clear()


def reference(text: str) -> str:
    """References to the environment in our form: ``${NAME:default}`` is ``${NAME:-default}``."""
    return _REFERENCE.sub(
        lambda m: f"${{{m[1]}}}" if m[2] is None else f"${{{m[1]}:-{m[2]}}}", text
    )


def secret(settings: Settings, name: str, variable: str) -> str | None:
    """A password as a reference; one that stands in the file is not copied.

    Args:
        name: The setting.
        variable: Of the environment, from which it is to be taken.
    """
    line_known = name in settings
    value = settings.take(name)
    if not line_known or value is None:
        return None
    if _REFERENCE.fullmatch(str(value)):
        return reference(str(value))
    settings.note(name, f"is not copied: put it into the environment as {variable}")
    return f"${{{variable}}}"


def is_second_stdin(
    section: Mapping[str, Any], inputs: Iterable[Mapping[str, Any]], title: str, line: int,
    notes: list[Note],
) -> bool:  # fmt: skip
    """Whether an input would read standard input again, which can be read once only; it is noted.

    Args:
        section: Of our configuration.
        inputs: Those that were translated before.
        title: Of the part that is read, for the note.
        line: Of that part.
        notes: Where the note goes.
    """
    is_second = "stdin" in section and any("stdin" in other for other in inputs)
    if is_second:
        notes.append(Note(line, f"{title}: is left out: standard input can be read once only"))
    return is_second


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - settings are of any shape
    """A list, also of a single value; of nothing an empty one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def as_dict(value: Any) -> dict[str, Any]:  # noqa: ANN401 - settings are of any shape
    """A hash; of anything else an empty one."""
    return dict(value) if isinstance(value, dict) else {}
