"""What does `now` mean on the second page of a search? What it meant on the first one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logboom.errors import QueryError

_CURSOR = re.compile(r"(\d{1,19})\.([\w-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins.

    Attributes:
        now_ns: When the first page was asked for, ns since the epoch: relative times count from it.
        cursor: The store's; None on the first page.
    """

    now_ns: int
    cursor: str | None

    @classmethod
    def of(cls, text: str | None, *, now_ns: int) -> Place:
        """Reads the cursor of a request.

        Args:
            text: As `next_text` gave it; None on the first page.
            now_ns: The present.

        Raises:
            QueryError: It is not one of ours.
        """
        if text is None:
            return cls(now_ns, None)
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise QueryError(
                "the cursor cannot be read", suggestion="take it unchanged from the page before"
            )
        return cls(int(match[1]), match[2])

    def next_text(self, cursor: str | None) -> str | None:
        """The cursor that the answer carries, of the store's."""
        return None if cursor is None else f"{self.now_ns}.{cursor}"
