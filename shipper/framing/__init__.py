"""Framing: from a buffer of bytes to the texts of events, with their spans."""

from shipper.framing.frames import Frames, Framing, Limits
from shipper.framing.making import make_framing

__all__ = ["Frames", "Framing", "Limits", "make_framing"]
