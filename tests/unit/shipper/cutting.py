"""Cuts text into events as an input with some setting of `multiline` would."""

from __future__ import annotations

from logboom.config import FileInput, MultilineSection
from shipper.framing import Framing, make_framing

SEED = MultilineSection(pattern=r"^\d{4}-\d{2}-\d{2}", negate=True, match="after")
"""An event begins with a date."""


def framing(multiline: object = "auto", limit: int = 100_000) -> Framing:
    """The framing of a file whose events have so many bytes at most."""
    settings: dict[str, object] = {"multiline": multiline}
    if multiline == "auto, grok":
        settings = {"format": "grok", "patterns": ["^a"]}
    section = FileInput.model_validate({"path": "x", **settings})
    return make_framing(section, max_event_bytes=limit)


def texts(data: str, multiline: object = "auto") -> list[str]:
    """The events of a file that has ended."""
    return framing(multiline).cut(data.encode(), ended=True).texts
