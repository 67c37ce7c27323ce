"""Plain text: the message is all there is."""

from __future__ import annotations

from shipper.parsers.port import Fields


class PlainParser:
    """Takes every text as a message."""

    name = "plain"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        return {"message": text}
