"""What keeps batches from being sent, in words for people?"""

from __future__ import annotations

import logging

from logboom.errors import LogboomError
from logboom.retrying import Backoff

log = logging.getLogger("logboom.shipper")


class Troubles:
    """What each part waits for; told in the log once, and again when it is over."""

    def __init__(self) -> None:
        self._sentences: dict[str, str] = {}

    @property
    def first(self) -> str | None:
        """What is waited for; None when nothing is."""
        return next(iter(self._sentences.values()), None)

    async def wait(self, part: str, error: LogboomError, backoff: Backoff) -> None:
        """Nothing is ever dropped: the files wait, and the health says what for."""
        self.note(part, error.sentence())
        await backoff.wait()

    def note(self, part: str, sentence: str) -> None:
        """A part waits."""
        if part not in self._sentences:
            log.warning("sending waits: %s", sentence)
        self._sentences[part] = sentence

    def over(self, part: str) -> None:
        """A part goes on."""
        if self._sentences.pop(part, None) is not None:
            log.info("sending goes on: the %s can be used again", part)
