"""What does a logstash.conf say in our terms?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.importing.logstash_filters import filtered
from logboom.importing.logstash_inputs import input_of
from logboom.importing.logstash_outputs import outputs_of
from logboom.importing.logstash_syntax import Branch, Plugin, Step, parse_logstash
from logboom.importing.places import LINES_ALONE, PLAIN_LINES
from logboom.importing.translation import Note, Translation, is_second_stdin


def import_logstash(text: str, *, origin: str) -> Translation:
    """Translates.

    Args:
        text: Of the file.
        origin: Its name, for errors.

    Raises:
        ConfigError: It is no Logstash configuration; with the line.
    """
    parts = parse_logstash(text, origin=origin)
    notes: list[Note] = []
    inputs: list[dict[str, Any]] = []
    for plugin in _plugins(parts["input"], "input", notes):
        made = input_of(plugin, notes)
        if made is None or is_second_stdin(
            made.section, inputs, f"input {plugin.name}", plugin.line, notes
        ):
            continue
        filtered(made, parts["filter"], notes)
        if plugin.name in LINES_ALONE and "format" not in made.section:
            made.section["format"] = "plain"
            notes.append(Note(plugin.line, f"input {plugin.name}: {PLAIN_LINES}"))
        inputs.append(made.section)
    settings: dict[str, Any] = {"inputs": inputs}
    settings |= outputs_of(_plugins(parts["output"], "output", notes), notes)
    once = sorted(dict.fromkeys(notes), key=lambda note: note.line)
    return Translation(settings, once)


def _plugins(steps: Sequence[Step], section: str, notes: list[Note]) -> list[Plugin]:
    """The plugins of a section, those in branches included."""
    found: list[Plugin] = []
    for step in steps:
        if isinstance(step, Branch):
            notes.append(
                Note(step.line, f"{section}: the condition is left out: everything goes this way")
            )
            for _, inner in step.arms:
                found += _plugins(inner, section, notes)
        else:
            found.append(step)
    return found
