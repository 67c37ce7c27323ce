"""When does searching see what was written, and who notices that a day has to be brought into order?

A thread of its own looks: it commits the days that have waited long enough, and has those mended, in the
writing thread, that have failed or were left behind.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from datetime import date
from functools import partial

from logboom.clock import Clock
from logboom.store.local.commit_pace import COMMIT_AFTER_S, least_s_between
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.folders import DayFolder
from logboom.store.local.mending import needs_mending, told_and_tried_again

_LOOK_S = 10.0
"""Days that nobody writes to are looked at so often."""


_log = logging.getLogger(__name__)


class Committer:
    """Commits days in a thread of its own, until it is stopped; what nobody foresaw is kept for the next write.

    Args:
        clock: For how long they wait.
        stopping: Set once it is to end.
        writing: The writing thread.
        opened: The days that are written to; may be asked by any thread.
        mend_opened: Mends what of those has failed; called in the writing thread.
        waiting: The days that are to be brought into order, above all those that nobody writes to.
        begin_to_mend: Begins with that; called in the writing thread.
    """

    def __init__(
        self, clock: Clock, stopping: threading.Event, writing: Executor, *,
        opened: Callable[[], Sequence[DayWriter]], mend_opened: Callable[[], None],
        waiting: Callable[[], Sequence[DayFolder]],
        begin_to_mend: Callable[[Sequence[DayFolder]], None],
    ) -> None:  # fmt: skip
        self._clock = clock
        self._stopping = stopping
        self._writing = writing
        self._opened = opened
        self._mend_opened = mend_opened
        self._waiting = waiting
        self._begin_to_mend = begin_to_mend
        self._failure: BaseException | None = None
        self._committed: dict[date, float] = {}
        self._looked = clock.monotonic()
        self._mending: Future[None] = Future()
        self._mending.set_result(None)
        self._thread = threading.Thread(
            target=self._commit_on_time, name="store-commit", daemon=True
        )
        self._thread.start()

    def raise_failure(self) -> None:
        """Raises what nobody foresaw, here or at mending; else does nothing."""
        if self._failure is not None:
            raise self._failure

    def join(self) -> None:
        """Waits for its end, once it is told to stop. Idempotent."""
        self._thread.join()

    def _commit_on_time(self) -> None:
        try:
            while not self._stopping.wait(COMMIT_AFTER_S):
                self._commit_what_waits()
                with told_and_tried_again():
                    self._look_after_days()
        except BaseException as error:
            self._failure = error
            raise

    def _commit_what_waits(self) -> None:
        now = self._clock.monotonic()
        due: list[DayWriter] = []
        for writer in self._opened():
            with told_and_tried_again():
                if self._is_due(writer, now):
                    self._committed[writer.folder.day] = now
                    due.append(writer)
                    writer.commit()
        with told_and_tried_again():
            is_wanted = any(writer.is_broken or not writer.is_current() for writer in due)
            if is_wanted and self._mending.done():
                self._mend_by(self._mend_opened)

    def _is_due(self, writer: DayWriter, now: float) -> bool:
        if needs_mending(writer.folder) or not writer.is_current():
            return True
        since_s = now - self._committed.get(writer.folder.day, 0.0)
        return writer.uncommitted > 0 and since_s >= least_s_between(writer.uncommitted)

    def _look_after_days(self) -> None:
        """Has days brought into order that nobody writes to; at most so often, and one by one."""
        now = self._clock.monotonic()
        if now - self._looked < _LOOK_S or not self._mending.done():
            return
        self._looked = now
        waiting = self._waiting()
        if waiting:
            self._mend_by(partial(self._begin_to_mend, waiting))

    def _mend_by(self, work: Callable[[], None]) -> None:
        self._mending = self._writing.submit(work)
        self._mending.add_done_callback(self._note_unforeseen)

    def _note_unforeseen(self, ended: Future[None]) -> None:
        error = ended.exception()
        if error is not None:
            _log.error("days cannot be mended", exc_info=error)
            self._failure = error
