"""Who brings a day into order that was found spoilt, lost a part, or was closed too early?

A thread of its own, for days that nobody writes to: what is made anew there holds up no writes to others.
A write to several days fails, and is repeated, while one of them is such a day; the others are stored all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

from logboom.errors import DiskFull, StoreDamaged, StoreUnavailable
from logboom.store.local.day_reader import is_gone
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.documents import DATA_NAME
from logboom.store.local.folders import NOT_OF_A_DAY, DayFolder, StoreFolder
from logboom.store.local.soundness import is_lost, is_marked, is_unfinished

_log = logging.getLogger(__name__)


@contextmanager
def told_and_tried_again() -> Iterator[None]:
    """For failures that are met again: by the next look, or by the next write of the day, which raises them."""
    try:
        yield
    except (DiskFull, StoreDamaged, StoreUnavailable, OSError) as error:
        _log.warning("what is stored cannot be made visible: %s", error)


class Mender:
    """Opens one day at a time, and closes it again. For one thread."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "store-mend")
        self._day = date.min
        self._under_way: Future[None] = Future()
        self._under_way.set_result(None)

    @property
    def day(self) -> date | None:
        """The day that is being brought into order: nobody else may write to it."""
        return None if self._under_way.done() else self._day

    @property
    def last(self) -> date:
        """The day that it began with last; the first of all before it has begun with any."""
        return self._day

    def begin(self, folder: DayFolder, open_day: Callable[[DayFolder], DayWriter]) -> None:
        """Begins with a day, unless another one is not done yet. What fails is told.

        Args:
            folder: It; nobody writes to it.
            open_day: Opens it and brings its index up to its documents.
        """
        if self._under_way.done():
            self._day = folder.day
            self._under_way = self._thread.submit(self._bring_into_order, folder, open_day)
            self._under_way.add_done_callback(partial(_tell_unforeseen, folder))

    def close(self) -> None:
        """Waits for the end of what is under way. Idempotent."""
        self._thread.shutdown(wait=True)

    def _bring_into_order(
        self, folder: DayFolder, open_day: Callable[[DayFolder], DayWriter]
    ) -> None:
        try:
            bring_into_order(self._folder, folder, open_day)
        except (DiskFull, StoreUnavailable, OSError) as error:
            _log.warning("the day %s cannot be brought into order: %s", folder.day, error)


def _tell_unforeseen(folder: DayFolder, ended: Future[None]) -> None:
    error = ended.exception()
    if error is not None:
        _log.error("the day %s cannot be brought into order", folder.day, exc_info=error)


def bring_into_order(
    store: StoreFolder, folder: DayFolder, open_day: Callable[[DayFolder], DayWriter]
) -> None:
    """Opens a day and closes it again; one that is beyond repair is set aside.

    Raises:
        DiskFull: There is no room.
        StoreUnavailable: Its index cannot be opened.
    """
    try:
        open_day(folder).close()
    except StoreDamaged as error:
        _log.error("a day is damaged and set aside: %s", error)
        store.set_aside(folder)


def needs_mending(folder: DayFolder) -> bool:
    """True when somebody has found a day's index spoilt, it does not hold all of the day, or a part is lost."""
    if is_marked(folder.index) or is_unfinished(folder.index):
        return True
    return not is_gone(folder) and (is_lost(folder.index) or _has_lost_its_events(folder.path))


def is_to_mend(folder: DayFolder) -> bool:
    """The same, where one that is refused keeps no other from being mended: whoever writes to it is told."""
    try:
        return needs_mending(folder)
    except OSError as error:
        if error.errno in NOT_OF_A_DAY:
            raise
        return False


def _has_lost_its_events(path: Path) -> bool:
    return not (path / DATA_NAME).exists()
