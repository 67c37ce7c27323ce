"""What do messages have in common, once numbers, names and times in them are left out?"""

from logboom.patterns.masking import masked
from logboom.patterns.mining import MOST_MESSAGES, Pattern, patterns_of

__all__ = ["MOST_MESSAGES", "Pattern", "masked", "patterns_of"]
