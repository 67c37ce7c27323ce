"""What are day indices called?"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime


class IndexNames:
    """Names of day indices after a pattern.

    Args:
        pattern: With strftime codes of the UTC day, for example ``logboom-logs-%Y.%m.%d``.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.wildcard = re.sub(
            r"\*+", "*", re.sub(r"%[a-zA-Z]", "*", pattern).replace("*.*", "*").replace("*-*", "*")
        )

    def of(self, day: date) -> str:
        """The name of a day's index."""
        return day.strftime(self._pattern)

    def day(self, name: str) -> date | None:
        """The day of an index; None when the name is not one of ours."""
        try:
            return datetime.strptime(name, self._pattern).replace(tzinfo=UTC).date()
        except ValueError:
            return None
