"""Is a compressed file whole? One that is still being written is not read before it is."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto

from shipper.files.content import PackedContent
from shipper.files.followed import FollowedFile
from shipper.files.handles import Handles
from shipper.files.identity import FileState, file_state

_AT_ONCE_BYTES = 2**20
_AT_ONCE_TEXT_BYTES = 16 * 2**20
"""A hole that was compressed is a thousand times as long, and more: nobody waits for the rest."""
_PATIENCE_S = 60.0
_SHORTEST_BYTES = 9
"""Of a compressed file; one that has more and does not begin as such is text."""
CUT_OFF = "its end is missing: it is read once it is whole"


class Wholeness(Enum):
    """What is known of a compressed file."""

    UNKNOWN = auto()  # it is being looked at, or written
    WHOLE = auto()
    BROKEN = auto()  # it stays cut off, or cannot be opened
    DAMAGED = auto()  # what is in it is wrong


_Findings = tuple[Wholeness, str, int]
"""What a file is, what is wrong with it, and how many bytes it was compressed from."""


@dataclass(slots=True)
class _Survey:
    """What was found out about one state of one file."""

    state: FileState
    since: float
    asked: int
    verdict: Wholeness = Wholeness.UNKNOWN
    reason: str = ""
    text_bytes: int = 0
    is_long: bool = False
    examining: Future[_Findings | None] | None = None


class Surveys:
    """Decompresses files once to see that they are whole; those that are or become big in a thread.

    Args:
        monotonic: Seconds, for patience.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[str, _Survey] = {}
        self._scans = 0
        self._thread: ThreadPoolExecutor | None = None

    def ask(self, path: str, status: os.stat_result, *, at_once: bool) -> tuple[Wholeness, str]:
        """What is known of a file, and what is wrong with it.

        Args:
            path: A file whose name is that of a compressed one.
            status: Of the file now; another size or time of change, and it is looked at again.
            at_once: Wait for the answer even when the file is big.
        """
        state = file_state(status)
        survey = self._known.get(path)
        if survey is None or survey.state != state:
            self._cancel(survey)
            survey = self._known[path] = _Survey(state, self._monotonic(), self._scans)
            if not at_once and status.st_size > _AT_ONCE_BYTES:
                return Wholeness.UNKNOWN, ""  # big ones not before they rest
        survey.asked = self._scans
        if survey.verdict is Wholeness.UNKNOWN and not survey.reason:
            survey.is_long = survey.is_long or status.st_size > _AT_ONCE_BYTES
            self._examine(survey, path, at_once=at_once)
        is_cut_off = survey.verdict is Wholeness.UNKNOWN and survey.reason
        if is_cut_off and self._monotonic() - survey.since >= _PATIENCE_S:
            survey.verdict = Wholeness.BROKEN
        return survey.verdict, survey.reason

    def text_bytes(self, file: FollowedFile) -> int:
        """How many bytes a file was compressed from, if it was found to be whole; else 0.

        Another one may have had its path when that was looked at: rotation renames many at once.
        """
        survey = self._known.get(file.path)
        if survey is None or not survey.text_bytes:
            return 0
        try:
            return survey.text_bytes if file.state() == survey.state else 0
        except OSError:  # it was closed, and moved just now
            return 0

    def forget(self, path: str) -> None:
        """Nobody will ask about a file again soon."""
        self._cancel(self._known.pop(path, None))

    def scanned(self) -> None:
        """All files were looked at once more: nobody waits for what was not asked about."""
        gone = [path for path, survey in self._known.items() if survey.asked < self._scans]
        for path in gone:
            if self.is_open(path):
                self.forget(path)
        self._scans += 1

    def is_open(self, path: str) -> bool:
        """True while a file was asked about and is not decided on."""
        survey = self._known.get(path)
        return survey is not None and survey.verdict is Wholeness.UNKNOWN

    def is_busy(self) -> bool:
        """True while some file is not decided on."""
        return any(survey.verdict is Wholeness.UNKNOWN for survey in self._known.values())

    def close(self) -> None:
        """Waits for nothing that runs."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _cancel(self, survey: _Survey | None) -> None:
        if survey is not None and survey.examining is not None:
            survey.examining.cancel()

    def _examine(self, survey: _Survey, path: str, *, at_once: bool) -> None:
        if at_once or not survey.is_long:
            found = _examine(path, survey.state, math.inf if at_once else _AT_ONCE_TEXT_BYTES)
            if found is not None:
                survey.verdict, survey.reason, survey.text_bytes = found
                return
            survey.is_long = True
        if survey.examining is None:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, "compressed files")
            survey.examining = self._thread.submit(_examine, path, survey.state, math.inf)
        elif survey.examining.done():
            found, survey.examining = survey.examining.result(), None
            if found is not None:
                survey.verdict, survey.reason, survey.text_bytes = found


def _examine(path: str, state: FileState, most_bytes: float) -> _Findings | None:
    """Looks through a file; None when it was made of more than so many bytes."""
    try:
        file = FollowedFile(path, 0, Handles(1))
    except FileNotFoundError:
        return Wholeness.UNKNOWN, "", 0  # it was moved just now
    except OSError as error:
        return Wholeness.BROKEN, error.strerror or str(error), 0
    try:
        return _look_through(file, state, most_bytes)
    except OSError as error:
        return Wholeness.DAMAGED, error.strerror or str(error), 0
    finally:
        file.close()


def _look_through(file: FollowedFile, state: FileState, most_bytes: float) -> _Findings | None:
    if file.state() != state:
        return Wholeness.UNKNOWN, "", 0  # another one has its name by now
    content = file.content
    if not isinstance(content, PackedContent):
        short = content.size() < _SHORTEST_BYTES
        return (Wholeness.UNKNOWN, CUT_OFF, 0) if short else (Wholeness.WHOLE, "", 0)
    if most_bytes < math.inf and content.pread(1, int(most_bytes)):
        return None
    if not content.is_whole():
        return Wholeness.UNKNOWN, CUT_OFF, 0
    return Wholeness.WHOLE, "", content.size()
