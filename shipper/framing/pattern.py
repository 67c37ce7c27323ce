"""Where do events begin when the user says so, in Filebeat's terms?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from logboom.config import MultilineSection
from logboom.errors import ConfigError


class PatternRule:
    """Filebeat's `pattern`, `negate` and `match`.

    Source: https://www.elastic.co/docs/reference/beats/filebeat/multiline-examples
    """

    def __init__(self, section: MultilineSection, encoding: str) -> None:
        try:
            pattern = section.pattern.encode(encoding)
            self._search = re.compile(pattern).search
        except (re.error, UnicodeEncodeError) as error:
            raise ConfigError(
                f"{section.pattern!r} is not a regular expression: {error}",
                where="multiline.pattern",
                mend="Python's syntax applies, which for usual patterns is that of Filebeat",
            ) from error
        self._negate = section.negate
        self._after = section.match == "after"

    def starts(self, lines: Sequence[bytes]) -> list[int]:
        """See `StartRule.starts`."""
        search, negate = self._search, self._negate
        belongs = [(search(line) is not None) != negate for line in lines]
        if self._after:  # lines that belong do so to the event before them
            return [0, *(n for n in range(1, len(lines)) if not belongs[n])]
        return [0, *(n for n in range(1, len(lines)) if not belongs[n - 1])]

    def every_line_is_an_event(self, buffer: bytes) -> bool:  # noqa: ARG002 - the pattern decides
        """Only the pattern can tell."""
        return False

    def complete(self, lines: Sequence[bytes]) -> bool:
        """With `before`, the first line that does not belong ends its event."""
        return not self._after and (self._search(lines[-1]) is not None) == self._negate
