"""How is a translated configuration written down?"""

from __future__ import annotations

from textwrap import wrap

import yaml

from logboom.importing.translation import Translation

_WIDTH = 96


def as_yaml(translation: Translation, *, origin: str) -> str:
    """A configuration file, its notes as comments in front.

    Args:
        origin: Name of the file that was translated.
    """
    lines = [f"# Translated from {origin} by `logboom import`."]
    if translation.notes:
        lines.append("# Not translated, or not quite the same:")
    for note in translation.notes:
        where = f"line {note.line}: " if note.line else ""
        text = " ".join(f"{where}{note.text}".split())
        lines += wrap(text, _WIDTH, initial_indent="# - ", subsequent_indent="#   ")
    body = yaml.safe_dump(
        dict(translation.settings), sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return "\n".join(lines) + "\n\n" + body
