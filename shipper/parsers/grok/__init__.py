"""Grok: named patterns, with Logstash's names and syntax, on Python's `re`."""

from shipper.parsers.grok.library import PatternLibrary, PatternSet
from shipper.parsers.grok.matching import GROK_TIMEOUT, MAX_TEXT, Grok, GrokParser
from shipper.parsers.grok.watch import TIMED_OUT, TimedOut

__all__ = [
    "GROK_TIMEOUT",
    "MAX_TEXT",
    "TIMED_OUT",
    "Grok",
    "GrokParser",
    "PatternLibrary",
    "PatternSet",
    "TimedOut",
]
