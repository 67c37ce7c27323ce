"""How are dead letters given up? Who did it, and what was lost by it, is written down first."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from logboom.clock import Clock, utc_text
from logboom.dead.letter import LetterHead
from logboom.dead.store import DeadLetters
from logboom.errors import DeadLettersUnavailable


def discard_letters(
    letters: DeadLetters, events: Sequence[str], *, audit: Path, by: str, clock: Clock
) -> list[LetterHead]:
    """Deletes letters for good, with a line of JSON for each in a file.

    Args:
        letters: Where they are.
        events: Ids of their events.
        audit: The file; its folder is made, private to its user.
        by: Who does it.
        clock: Tells when.

    Returns:
        Those that were deleted; those on their way back stay.

    Raises:
        DeadLettersUnavailable: Something cannot be written; nothing was deleted.
        DiskFull: There is no room; nothing was deleted.
    """
    chosen = set(events)
    heads = [head for head in letters.heads() if head.event in chosen and not head.replaying]
    now = utc_text(clock.now_ns())
    _append(audit, "".join(f"{_line(head, by=by, now=now)}\n" for head in heads))
    return letters.discard(events)


def _line(head: LetterHead, *, by: str, now: str) -> str:
    told = {
        "@timestamp": now, "event.action": "dead letter discarded", "user.name": by,
        "event.id": head.event, "event.reason": head.reason, "part": head.part, "run": head.run,
        "log.file.path": head.path, "start": head.start, "end": head.end, "lines": head.lines,
        "day": head.day, "buried": utc_text(head.at_ns),
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False)


def _append(path: Path, text: str) -> None:
    """Appends to a file that its user alone may read; returns when it is on the disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DeadLettersUnavailable(
            f"what is discarded cannot be written down: {error.strerror}", where=str(path)
        ) from error
