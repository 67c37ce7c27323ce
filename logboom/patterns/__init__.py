"""What do messages have in common, once numbers, names and times in them are left out?"""

from logboom.patterns.masking import LOOKED_AT, masked
from logboom.patterns.mining import MOST_MESSAGES, Pattern, patterns_of

__all__ = ["LOOKED_AT", "MOST_MESSAGES", "Pattern", "masked", "patterns_of"]
