"""What are day indices called, and by which expressions are all of them named?"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from urllib.parse import quote

_CODE = re.compile(r"%(.)")
_CENTURIES = ("1", "2")
_READABLE = {"Y": "yyyy", "m": "mm", "d": "dd"}


class IndexNames:
    """Names of day indices after a pattern.

    Args:
        pattern: With strftime codes of the UTC day, for example ``logboom-logs-%Y.%m.%d``.

    Attributes:
        pattern: As given.
        patterns: Index patterns that match every name. They begin the year with its first digit, so
            that the indices of ``app-%Y.%m.%d`` are not taken for those of ``app-dev-%Y.%m.%d``.
        path: All of them as one step of a URL's path.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.patterns = tuple(_wildcard(pattern, century) for century in _CENTURIES)
        self.path = quote(",".join(self.patterns), safe="*,")

    def of(self, day: date) -> str:
        """The name of a day's index."""
        return day.strftime(self.pattern)

    def day(self, name: str) -> date | None:
        """The day of an index; None when the name is none that `of` gives."""
        try:
            day = datetime.strptime(name, self.pattern).replace(tzinfo=UTC).date()
        except ValueError:
            return None
        return day if self.of(day) == name else None

    @property
    def template(self) -> str:
        """The name of the index template: one for each pattern of names."""
        readable = _CODE.sub(lambda code: _READABLE.get(code[1], code[1]), self.pattern)
        return readable if readable.startswith("logboom") else f"logboom-{readable}"

    @property
    def custom(self) -> str:
        """The component template in which users overrule ours, after Elastic's own convention."""
        plain = _CODE.sub("", self.pattern).strip("-_.")
        plain = re.sub(r"([-_.])[-_.]+", r"\1", plain)
        name = plain if plain.startswith("logboom") else f"logboom-{plain}".rstrip("-")
        return f"{name}@custom"


def _wildcard(pattern: str, century: str) -> str:
    def star(code: re.Match[str]) -> str:
        if code[1] == "%":
            return "%"
        return f"{century}*" if code[1] == "Y" else "*"

    return re.sub(r"\*{2,}", "*", _CODE.sub(star, pattern))
