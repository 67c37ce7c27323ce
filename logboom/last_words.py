"""How does a supervised process tell its supervisor why it ends?"""

from __future__ import annotations

import os
from contextlib import suppress

from logboom.environment import process_environment

LAST_WORDS = "LOGBOOM_LAST_WORDS"
"""Set in the environment of a supervised service: the supervisor's process id, and behind a colon the
number of a descriptor into which the service writes why it ends, when it cannot work."""

MOST_BYTES = 500
"""Of what is said."""


def leave_words(words: str) -> None:
    """Tells the supervisor why we end; a process that is not its own child has nothing to tell it."""
    supervisor, _, descriptor = process_environment().get(LAST_WORDS, "").partition(":")
    if words and supervisor == str(os.getppid()):
        with suppress(OSError):
            os.write(int(descriptor), words.encode()[:MOST_BYTES])
