"""What is a parser?"""

from __future__ import annotations

from typing import Any, Protocol

Fields = dict[str, Any]
"""What a parser found: dotted ECS names, or the application's own names, with JSON values."""


class Parser(Protocol):
    """Turns the text of one event into fields. One object per source; it may learn."""

    @property
    def name(self) -> str:
        """The format's name, as in the configuration."""
        ...

    def parse(self, text: str) -> Fields | None:
        """Parses one event.

        Args:
            text: The event's text; it may have several lines.

        Returns:
            The fields, or None when the text is not of this format. Never raises.
        """
        ...
