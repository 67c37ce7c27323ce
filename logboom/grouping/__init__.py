"""What is durably known of a group of errors, beside the events themselves?"""

from logboom.grouping.records import GROUPS, MERGES, FirstSight, first_sight, is_fingerprint

__all__ = ["GROUPS", "MERGES", "FirstSight", "first_sight", "is_fingerprint"]
