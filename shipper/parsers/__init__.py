"""Parsers: from the text of an event to its fields."""

from shipper.parsers.port import Fields, Parser

__all__ = ["Fields", "Parser"]
