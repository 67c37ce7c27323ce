"""JSON events: one object per event, or one inside the `message` or `log` of another."""

from __future__ import annotations

import orjson

from shipper.parsers.inner import load_object, merged
from shipper.parsers.port import Fields

_WRAPPERS = ("message", "log")


class JsonParser:
    """Gives the object that the application wrote; what was wrapped around it is added."""

    name = "json"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. Anything but an object is not of this format."""
        try:
            content = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        return unwrapped(content) if isinstance(content, dict) else None


def unwrapped(content: Fields) -> Fields:
    """The object inside of an object's `message` or `log`, and the rest of the outer one's fields."""
    for name in _WRAPPERS:
        value = content.get(name)
        if type(value) is str and value[:1] == "{":
            inner = load_object(value)
            if inner is not None:
                del content[name]
                return merged(inner, content)
    return content
