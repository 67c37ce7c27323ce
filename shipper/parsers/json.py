"""JSON events: one object per event, or one inside the `message` or `log` of another."""

from __future__ import annotations

from shipper.parsers.inner import load_object, merged
from shipper.parsers.loose_json import read_object
from shipper.parsers.port import Fields

_WRAPPERS = ("message", "log")


class JsonParser:
    """Gives the object that the application wrote; what was wrapped around it is added."""

    name = "json"

    def __init__(self) -> None:
        self.gives_objects = True

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. Anything but an object is not of this format."""
        content = read_object(text)
        if content is None:
            return None
        for name in _WRAPPERS:
            value = content.get(name)
            if type(value) is str and value[:1] == "{":
                inner = load_object(value)
                if inner is not None:
                    self.gives_objects = False
                    del content[name]
                    return merged(inner, content)
        return content
