"""Where do events begin when the user says so, in Filebeat's terms?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from logboom.config import MultilineSection
from logboom.errors import ConfigError
from shipper.framing.rules import Walker


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

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        lines = text.split(b"\n")
        walker = self.walker()
        walker.begin(lines[0])
        firsts = [0]
        for number in range(1, len(lines)):
            if not walker.follows(lines[number]):
                firsts.append(number)
                walker.begin(lines[number])
        stops = [*firsts[1:], len(lines)]
        return [b"\n".join(lines[a:b]) for a, b in zip(firsts, stops, strict=True)]

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        return _PatternWalker(self)

    def belongs(self, line: bytes) -> bool:
        """Whether a line belongs to another, by the pattern."""
        return (self._search(line) is not None) != self._negate

    @property
    def after(self) -> bool:
        """Lines that belong do so to those before them."""
        return self._after

    def is_complete(self, event: bytes) -> bool:
        """With `before`, the first line that does not belong ends its event."""
        return not self._after and not self.belongs(event[event.rfind(b"\n") + 1 :])

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`."""


class _PatternWalker:
    def __init__(self, rule: PatternRule) -> None:
        self._rule = rule
        self._goes_on = False

    def begin(self, line: bytes) -> None:
        self._goes_on = not self._rule.after and self._rule.belongs(line)

    def follows(self, line: bytes) -> bool:
        if self._rule.after:
            return self._rule.belongs(line)
        follows = self._goes_on
        self._goes_on = self._rule.belongs(line)
        return follows
