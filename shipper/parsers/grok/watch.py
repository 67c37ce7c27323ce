"""How does a search end that would not end by itself?

Python's `re` looks for signals every few thousand steps. A timer of the process's CPU time ticks while
there is work; at each tick it is seen whether a search has gone on for longer than its budget, and
if so, it is interrupted. To begin and to end a search costs next to nothing, an idle process does not
tick at all, and there is nothing to be killed or started anew.

Signals reach the main thread alone, which is where the shipper parses.
"""

from __future__ import annotations

import atexit
import math
import re
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

Find = Callable[[str], re.Match[str] | None]

_TICK_S = 0.02


class TimedOut:
    """A search that was given up."""


TIMED_OUT: Final = TimedOut()


class _Expired(Exception):
    pass


class Watch:
    """Interrupts searches of one thread. There is one in a process: see `process_watch`."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._ticks = 0
        self._last_tick = 0
        self._is_searching = False

    def start(self) -> None:
        """Lets the timer tick.

        Raises:
            ValueError: In another thread than the main one.
        """
        signal.signal(signal.SIGVTALRM, self.tick)
        signal.setitimer(signal.ITIMER_VIRTUAL, _TICK_S, _TICK_S)
        atexit.register(_stop)

    def tick(self, _number: int, _frame: FrameType | None) -> None:
        """Ends the search that goes on, if its time is over."""
        self._ticks += 1
        if self._is_searching and self._ticks > self._last_tick:
            self._is_searching = False
            raise _Expired

    def find(self, find: Find, text: str, ticks: int) -> re.Match[str] | TimedOut | None:
        """Searches a text for no longer than a budget.

        Args:
            find: `match` or `search` of a compiled expression. Where a `search` fails quickly at very
                many places, Python 3.11 does not look for signals: use `match` on long texts.
            text: The text.
            ticks: As `ticks_of` says.

        Returns:
            What `find` does, or `TIMED_OUT`: also in a thread that nothing could interrupt.
        """
        if threading.get_ident() != self._thread:
            return TIMED_OUT
        self._last_tick = self._ticks + ticks
        try:
            try:
                self._is_searching = True
                return find(text)
            finally:
                self._is_searching = False
        except _Expired:
            return TIMED_OUT


def _stop() -> None:
    """An interpreter that ends forgets its handlers, and a tick would end it badly."""
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


def ticks_of(budget_s: float) -> int:
    """A budget of CPU seconds in ticks: it lasts that long at least, and one tick more at most."""
    return max(1, math.ceil(budget_s / _TICK_S))


def process_watch() -> Watch:
    """The watch of this process, started by the first who asks for it in the main thread.

    In another thread, one that gives every search up.
    """
    handler = signal.getsignal(signal.SIGVTALRM)
    owner = getattr(handler, "__self__", None)
    if isinstance(owner, Watch) and signal.getitimer(signal.ITIMER_VIRTUAL)[1]:
        return owner
    watch = Watch()
    if threading.current_thread() is threading.main_thread():
        watch.start()
    return watch
