"""JSON events: one object per event."""

from __future__ import annotations

import orjson

from shipper.parsers.port import Fields


class JsonParser:
    """Gives the object that the application wrote, as it is."""

    name = "json"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. Anything but an object is not of this format."""
        try:
            content = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        return content if isinstance(content, dict) else None
