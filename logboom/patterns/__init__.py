"""What do messages have in common, once numbers, names and times in them are left out?"""

from logboom.patterns.masking import masked

__all__ = ["masked"]
