"""Rules of the configuration: which events are not sent, and what is changed about the others."""

from shipper.rules.applying import Ruled, Rules
from shipper.rules.framed import without

__all__ = ["Ruled", "Rules", "without"]
